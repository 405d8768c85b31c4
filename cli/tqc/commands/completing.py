"""Completion scripts, made from the parsers, so that they know every command and flag."""

import argparse
from collections.abc import Callable

from tqc.command import Context
from tqc.errors import OK

Words = dict[str, list[str]]


def completion(context: Context, options: argparse.Namespace) -> int:
    script = SCRIPTS[options.shell](_words())
    context.printer.answer("completion", {"shell": options.shell, "script": script}, lambda: [script])
    return OK


def _words() -> Words:
    """Return the flags and fixed choices of each command."""
    from tqc import registry
    from tqc.parsing import parser_of

    words: Words = {}
    for entry in registry.entries():
        command = registry.find(entry.name)
        if command is None:
            continue
        found: list[str] = []
        for action in parser_of(command)._actions:
            found += [flag for flag in action.option_strings if flag.startswith("--")]
            if not action.option_strings and action.choices:
                found += [str(choice) for choice in action.choices]
        words[entry.name] = sorted(found)
    return words


def _bash(words: Words) -> str:
    cases = "\n".join(f'        {name}) words="{" ".join(flags)}" ;;' for name, flags in words.items())
    return f"""\
_tqc() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" words
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{" ".join(words)}" -- "$current"))
        return
    fi
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _tqc tqc claude-task-client"""


def _zsh(words: Words) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(words)


def _fish(words: Words) -> str:
    from tqc import registry

    lines = ["complete -c tqc -f"]
    for entry in registry.entries():
        summary = entry.summary.replace("'", "\\'")
        lines.append(f"complete -c tqc -n __fish_use_subcommand -a {entry.name} -d '{summary}'")
        for word in words.get(entry.name, []):
            given = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c tqc -n '__fish_seen_subcommand_from {entry.name}' {given}")
    return "\n".join(lines)


SCRIPTS: dict[str, Callable[[Words], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
SHELLS = tuple(SCRIPTS)
