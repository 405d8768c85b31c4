"""Writing a key where `tqc` finds it: a profile in `$XDG_CONFIG_HOME/muster/config.toml`, named after the server's address."""

import json
import os
import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import Any


class ProfileError(Exception):
    """The file cannot be written, or it is not ours to change; the text says why."""


def config_path() -> Path:
    """Return where `tqc` looks: MUSTER_CONFIG, or muster/config.toml in the user's configuration directory."""
    if named := os.environ.get("MUSTER_CONFIG"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "muster" / "config.toml"


def write_profile(url: str, key: str, path: Path | None = None) -> Path:
    """Add the profile of `url`, make it the default if there is none, and return the file's path.

    Everything else in the file stays as it is. A profile of the same address with another key is replaced, and the file
    as it was stays beside it as `config.toml.before`.
    """
    path = path or config_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        known = _parsed(before, path)
        if url in known.get("profiles", {}):
            shutil.copy2(path, path.with_name(path.name + ".before"))
            before = _without(before, url)
        _replace(path, _with(before, known, url, key))
    except OSError as error:
        raise ProfileError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _parsed(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path} is not valid TOML ({error}); mend it or move it away.") from error


def _header(url: str) -> str:
    # A JSON string of printable ASCII is a TOML basic string too.
    return f"[profiles.{json.dumps(url)}]"


def _with(before: str, known: dict[str, Any], url: str, key: str) -> str:
    default = "" if "default" in known else f"default = {json.dumps(url)}\n"
    gap = "\n" if before.strip() else ""
    # A top-level value must stand before the first table.
    return f"{default}{gap if default else ''}{before.rstrip()}{gap}\n{_header(url)}\nurl = {json.dumps(url)}\nkey = {json.dumps(key)}\n"


def _without(text: str, url: str) -> str:
    """Return the text without the table of this profile."""
    table = re.compile(rf"^{re.escape(_header(url))}[ \t]*$.*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
    shorter = table.sub("", text)
    if url in tomllib.loads(shorter).get("profiles", {}):
        raise ProfileError(f"The profile of {url} is written in a way that only you can change; put the new key there yourself.")
    return shorter


def _replace(path: Path, text: str) -> None:
    """Write the file in one step, readable by its owner alone."""
    tomllib.loads(text)
    fd, draft = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # mode 0600
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
