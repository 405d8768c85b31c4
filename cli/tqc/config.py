"""Which server, with which key, as which agent: from flags, then the environment, then the profile file.

A key is only ever sent to the address that it was stored with: an address from the environment or a flag takes
the key of the profile with that same address, and no other profile's.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tqc.errors import NotConfigured, UsageError
from tqc.locks import locked, write_private

# The first name of each line is ours; the others are those that agents already have in their environment.
NAMES: dict[str, tuple[str, ...]] = {
    "url": ("MUSTER_URL", "TASK_API_URL", "ATHENA_API_URL"),
    "key": ("MUSTER_API_KEY", "TASK_API_KEY", "ATHENA_API_KEY"),
    "agent": ("MUSTER_AGENT", "AGENT_ID", "CLAUDE_INSTANCE"),
    "display_name": ("MUSTER_AGENT_NAME", "CLAUDE_INSTANCE_NAME"),
    "project": ("MUSTER_PROJECT",),
    "profile": ("MUSTER_PROFILE",),
}
KEY_FILE = "MUSTER_API_KEY_FILE"
STORED = ("url", "key", "agent", "display_name", "project")


@dataclass(frozen=True)
class Settings:
    """What is known about the server and about us. `sources` says of each value where it came from."""

    url: str = ""
    key: str = field(default="", repr=False)
    agent: str = ""
    display_name: str = ""
    project: str = ""
    profile: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    def require(self) -> "Settings":
        """Return these settings if they lead to a server; say what to do if they do not."""
        if not self.url:
            raise NotConfigured("No server is known. Set MUSTER_URL, or store its address once.", hint="tqc init URL")
        return self


def config_path() -> Path:
    """Return where the profiles are: MUSTER_CONFIG, or muster/config.toml in the user's configuration directory."""
    if named := os.environ.get("MUSTER_CONFIG"):
        return Path(named)
    return _base("XDG_CONFIG_HOME", ".config") / "muster" / "config.toml"


def state_directory() -> Path:
    """Return where leases and unsent reports are kept: MUSTER_STATE, or muster in the user's state directory."""
    if named := os.environ.get("MUSTER_STATE"):
        return Path(named)
    return _base("XDG_STATE_HOME", ".local/state") / "muster"


def _base(variable: str, below_home: str) -> Path:
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home() / below_home


def load(flags: Mapping[str, str | None], environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings that flags, environment and profiles give, in that order."""
    environment = os.environ if environment is None else environment
    values: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, variables in NAMES.items():
        if given := flags.get(name):
            values[name], sources[name] = given, f"--{name}"
            continue
        found = next((variable for variable in variables if environment.get(variable)), None)
        if found:
            values[name], sources[name] = environment[found], found
    if "key" not in values and environment.get(KEY_FILE):
        values["key"], sources["key"] = _read_key(environment[KEY_FILE]), KEY_FILE
    settings = Settings(**values, sources=sources)
    return settings if {"url", "key", "agent", "project"} <= set(values) else _with_profile(settings)


def _with_profile(settings: Settings) -> Settings:
    document = read_profiles()
    profiles = document.get("profiles", {})
    name = settings.profile or ("" if settings.url else str(document.get("default") or ""))
    if settings.profile and settings.profile not in profiles:
        known = ", ".join(sorted(profiles)) or "none"
        raise NotConfigured(f"There is no profile {settings.profile!r} in {config_path()}; known: {known}.", hint="tqc init URL")
    if not settings.url and name not in profiles and len(profiles) == 1:
        name = next(iter(profiles))
    elif settings.url and not name:
        # The default profile first, if two have this address.
        order = sorted(profiles, key=lambda each: each != document.get("default"))
        name = next((each for each in order if _same_server(profiles[each].get("url", ""), settings.url)), "")
    profile = profiles.get(name)
    if profile is None:
        return settings
    if settings.url and not _same_server(profile.get("url", ""), settings.url):
        return settings
    changes: dict[str, Any] = {each: str(profile[each]) for each in STORED if profile.get(each) and not getattr(settings, each)}
    sources = {**settings.sources, **dict.fromkeys(changes, f"profile {name}")}
    return replace(settings, **changes, profile=name, sources=sources)


def _same_server(one: str, other: str) -> bool:
    return bool(one) and one.rstrip("/").lower() == other.rstrip("/").lower()


def _read_key(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise NotConfigured(f"The key file {path} (from {KEY_FILE}) cannot be read: {error.strerror}.") from error


def read_profiles() -> dict[str, Any]:
    """Return the profile file as a tree; an empty one if there is no file."""
    path = config_path()
    try:
        content = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NotConfigured(f"{path} cannot be read: {error.strerror}.") from error
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise NotConfigured(
            f"{path} is not TOML: {error}. Repair it, or move it away and store the profile again.", hint="tqc init URL"
        ) from error


def save_profile(name: str, values: Mapping[str, str], *, make_default: bool) -> Path:
    """Store a profile, leave the others as they are, and return the file (mode 600)."""
    if not name.isprintable() or not name:
        raise UsageError("A profile needs a name of printable characters.")
    path = config_path()
    with locked(path):
        document = read_profiles()
        profiles = document.setdefault("profiles", {})
        profiles[name] = {**profiles.get(name, {}), **{each: value for each, value in values.items() if value}}
        if make_default or not document.get("default"):
            document["default"] = name
        write_private(path, _toml(document).encode())
    return path


def _toml(document: Mapping[str, Any]) -> str:
    lines = [f"{_key(name)} = {_value(value)}" for name, value in document.items() if not isinstance(value, dict)]
    for name, table in document.items():
        if isinstance(table, dict):
            lines += _table((name,), table)
    return "\n".join(lines) + "\n"


def _table(path: tuple[str, ...], table: Mapping[str, Any]) -> list[str]:
    plain = {name: value for name, value in table.items() if not isinstance(value, dict)}
    lines = ["", f"[{'.'.join(map(_key, path))}]", *(f"{_key(name)} = {_value(value)}" for name, value in plain.items())] if plain else []
    for name, inner in table.items():
        if isinstance(inner, dict):
            lines += _table((*path, name), inner)
    return lines


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _value(value: Any) -> str:
    # JSON's strings, numbers, booleans and lists of these are TOML's too.
    return json.dumps(value, ensure_ascii=False)
