"""Getting started: init, whoami, prime, completion."""

import argparse
import os
import sys
from collections.abc import Iterator
from importlib import resources

from tqc.command import Command, Context
from tqc.commands.completing import SHELLS, completion
from tqc.commands.shared import as_agent
from tqc.commands.teaching import KINDS, teach
from tqc.config import load, save_profile
from tqc.errors import OK, NotConfigured, UsageError
from tqc.output import one_line
from tqc.shapes import Me


def init(context: Context, options: argparse.Namespace) -> int:
    lines: list[str] = []
    if options.address or not (context.settings.url and context.settings.key):
        context = _connect(context, options)
        me = _introduce(context)
        lines += _told(context, me)
    if options.agent:
        lines += [f"Wrote {path}" for path in teach(options.agent, options.directory)]
    data = {"url": context.settings.url, "profile": context.settings.profile, "agent": context.settings.agent, "did": lines}
    context.printer.answer("init", data, lambda: lines or [f"Connected to {context.settings.url} already; see tqc whoami."])
    context.printer.say("Next: tqc check")
    return OK


def _connect(context: Context, options: argparse.Namespace) -> Context:
    url = (options.address or context.settings.url).rstrip("/")
    if not url:
        raise UsageError("Say where the server is.", hint="tqc init http://127.0.0.1:8000")
    key = _key(context, options, url)
    agent = options.acting or context.settings.agent
    name = options.profile or url
    found = load({"url": url, "key": key, "agent": agent, "project": options.project, "profile": None}, {})
    tried = Context(found, context.printer, timeout=context.timeout, program=context.program)
    tried.client.me()  # a key that does not work is not stored
    values = {"url": url, "key": key, "agent": agent, "display_name": context.settings.display_name, "project": options.project or ""}
    path = save_profile(name, values, make_default=options.default or bool(options.address))
    context.printer.say(f"Stored the profile {name} in {path}, readable by you alone.")
    return tried


def _key(context: Context, options: argparse.Namespace, url: str) -> str:
    """Take the key from a file, standard input, the environment or the terminal; never from the command line, which others can see."""
    if options.key_file == "-":
        return sys.stdin.readline().strip()
    if options.key_file:
        try:
            with open(options.key_file, encoding="utf-8") as file:
                return file.read().strip()
        except OSError as error:
            raise UsageError(f"{options.key_file} cannot be read: {error.strerror}.") from error
    if context.settings.key and context.settings.url.rstrip("/") == url:
        return context.settings.key
    if context.settings.key and context.settings.sources.get("key", "").isupper():
        return context.settings.key
    if sys.stdin.isatty():
        from getpass import getpass

        return getpass(f"API key for {url}: ").strip()
    raise NotConfigured("No key is given.", hint=f"tqc init {url} --key-file FILE, or --key-file - for standard input")


def _introduce(context: Context) -> Me:
    me = context.client.me()
    agent = context.settings.agent
    if agent and not me["agent"] and me["key"] and me["key"]["scope"] != "reader":
        as_agent(context, lambda: context.client.heartbeat(agent, display_name=context.settings.display_name))
    return context.client.me()


def _told(context: Context, me: Me) -> Iterator[str]:
    key, settings = me["key"], context.settings
    agent = me["agent"] or settings.agent
    yield f"You are {one_line(me['actor']['name'])} on {settings.url}" + (f", and work as agent {one_line(agent)}." if agent else ".")
    if key:
        yield f"Key {one_line(key['name'])} (mst_{key['public_id']}_...), scope {key['scope']}" + (
            f", until {key['expires_at']}." if key["expires_at"] else "."
        )
    for project, permission in me["permissions"].items():
        yield f"  {'every project' if project == '*' else one_line(project)}: {permission}"


def whoami(context: Context, options: argparse.Namespace) -> int:
    me = context.client.me()
    settings = context.settings

    def text() -> Iterator[str]:
        yield from _told(context, me)
        for name, source in sorted(settings.sources.items()):
            yield f"  {name} from {source}"

    data = {**me, "url": settings.url, "sources": dict(settings.sources)}
    context.printer.answer("me", data, text)
    return OK


def prime(context: Context, options: argparse.Namespace) -> int:
    text = resources.files("tqc").joinpath("teach/prime.md").read_text(encoding="utf-8").rstrip()
    context.printer.answer("prime", {"text": text}, lambda: [text])
    return OK


def _init_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address", nargs="?", metavar="URL", help="the server's address, such as http://127.0.0.1:8000")
    parser.add_argument("--key-file", metavar="FILE", help="read the key from a file, or from standard input with -; asked for without it")
    parser.add_argument("--project", metavar="SLUG", help="the project to work in")
    parser.add_argument("--default", action="store_true", help="use this profile when no other is named")
    parser.add_argument("--agent", choices=sorted(KINDS), metavar="KIND", help=f"teach an agent here: {', '.join(sorted(KINDS))}")
    parser.add_argument("--directory", default=os.curdir, metavar="DIRECTORY", help="where --agent writes; here by default")


def _completion_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS)


COMMANDS = (
    Command(
        "init",
        "connect to a server, store its address and key, teach an agent the rules",
        init,
        _init_arguments,
        description="The profile goes to muster/config.toml in your configuration directory, with mode 600. A key is never\n"
        "taken from the command line, because other users of the machine can read that.\n\n"
        "With --agent it writes, into the current directory, what that agent reads: the MCP server's entry, the rules in\n"
        "AGENTS.md, and a skill where the agent knows skills. What is there already is kept.",
        examples=[
            ("tqc init http://127.0.0.1:8000 --as jared", "asks for the key, stores the profile, registers the agent"),
            ("tqc init http://host:8000 --key-file - < key.txt", "without a question"),
            ("tqc init --agent claude", "writes .mcp.json, AGENTS.md, CLAUDE.md and .claude/skills/muster-worker"),
        ],
        shape="kind init: {url, profile, agent, did: [sentence]}",
    ),
    Command(
        "whoami",
        "say whose key is used, where it came from and what it opens",
        whoami,
        shape="kind me: {actor, key, agent, agents, permissions, url, sources}",
    ),
    Command(
        "prime",
        "print the rules of work for an agent's context",
        prime,
        examples=[("tqc prime", "about one kilobyte, for the start of a session")],
        shape="kind prime: {text}",
    ),
    Command(
        "completion",
        "print the completion script of a shell",
        completion,
        _completion_arguments,
        examples=[('eval "$(tqc completion bash)"', "in ~/.bashrc"), ("tqc completion fish > ~/.config/fish/completions/tqc.fish", "")],
        shape="kind completion: {shell, script}",
    ),
)
