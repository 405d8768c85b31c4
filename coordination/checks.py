"""Is this machine, and are these settings, fit to run Muster? `manage.py check --database default` asks everything."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

OLDEST_GIT = (2, 39, 5)
OLDEST_SQLITE = (3, 35, 0)
OLDEST_POSTGRES = 14
NETWORK_FILESYSTEMS = {
    "nfs",
    "nfs3",
    "nfs4",
    "cifs",
    "smb",
    "smb2",
    "smb3",
    "smbfs",
    "ncpfs",
    "afs",
    "fuse.sshfs",
    "fuse.glusterfs",
    "ceph",
}
GUESSABLE = ("django-insecure", "change", "secret", "password", "example", "default", "athena", "test")
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
MADE_AFTER = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK_SKEW = 30  # seconds, as the sweep counts a jump
Found = list[CheckMessage]
Apps = Sequence[AppConfig] | None


@register(Tags.files)
def directories_are_writable(app_configs: Apps, **kwargs: Any) -> Found:
    found: Found = []
    for name, directory in (("MUSTER_HOME", settings.MUSTER_HOME), ("REPO_ROOT", settings.REPO_ROOT)):
        there = next(path for path in (directory, *directory.parents) if path.exists())
        if not os.access(there, os.W_OK | os.X_OK) or not there.is_dir():
            hint = f"Give this user the right to write there, or point {name} elsewhere."
            found.append(Error(f"{name} ({directory}) cannot be written.", hint=hint, id="muster.E001"))
    return found


@register(Tags.compatibility)
def git_is_new_enough(app_configs: Apps, **kwargs: Any) -> Found:
    oldest = ".".join(map(str, OLDEST_GIT))
    if shutil.which("git") is None:
        return [Error("The git program is missing.", hint=f"Install git {oldest} or newer.", id="muster.E002")]
    said = subprocess.run(["git", "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    number = re.search(r"\d+\.\d+(\.\d+)?", said)
    version = tuple(int(part) for part in number[0].split(".")) if number else ()
    if version < OLDEST_GIT:
        hint = f"Install git {oldest} or newer: older ones lack fixes that keep hostile repositories harmless."
        return [Error(f"This is {said.strip() or 'an unknown git'}.", hint=hint, id="muster.E002")]
    return []


@register(Tags.security)
def secrets_are_secret(app_configs: Apps, **kwargs: Any) -> Found:
    found: Found = []
    for name, key in (("SECRET_KEY", settings.SECRET_KEY), *(("SECRET_KEY_FALLBACKS", each) for each in settings.SECRET_KEY_FALLBACKS)):
        if len(set(key)) < 10 or any(key.lower().startswith(word) for word in GUESSABLE):
            hint = "Everybody's lease tokens and sessions are signed with it. Make one with: openssl rand -base64 48"
            found.append(Error(f"{name} is one that others know or can guess.", hint=hint, id="muster.E003"))
    return found


@register(Tags.security)
def public_url_is_sane(app_configs: Apps, **kwargs: Any) -> Found:
    url = settings.PUBLIC_URL
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.query or parts.fragment or parts.path or parts.username is not None:
        hint = "Write the address that people and agents open, without a path: https://muster.example.org"
        return [Error(f"PUBLIC_URL is {url!r}.", hint=hint, id="muster.E004")]
    return _about_the_address(parts.scheme, parts.hostname or "")


def _about_the_address(scheme: str, host: str) -> Found:
    found: Found = []
    if host in LOOPBACK:
        return found
    if settings.DEBUG:
        hint = "Set DEBUG=false: its error pages show settings and source to everyone."
        found.append(Error("DEBUG is on, and PUBLIC_URL is not this machine alone.", hint=hint, id="muster.E005"))
    if scheme != "https":
        hint = "Put a proxy with a certificate in front (deploy/ has examples) and set PUBLIC_URL=https://..."
        found.append(Warning("Passwords and keys travel unencrypted: PUBLIC_URL is not https.", hint=hint, id="muster.W001"))
    if not any(_matches(host, pattern) for pattern in settings.ALLOWED_HOSTS):
        hint = f"Add it: ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, host])}"
        found.append(Error(f"Requests to {host}, the host of PUBLIC_URL, would be refused.", hint=hint, id="muster.E006"))
    return found


def _matches(host: str, pattern: str) -> bool:
    return pattern in ("*", host, f"[{host}]") or (pattern.startswith(".") and f".{host}".endswith(pattern))


@register(Tags.compatibility)
def clock_is_set(app_configs: Apps, **kwargs: Any) -> Found:
    if (now := datetime.now(UTC)) < MADE_AFTER:
        hint = "Set the clock, or wait until the time service has: leases and sessions count on it."
        return [Error(f"This machine's clock says {now:%Y-%m-%d}.", hint=hint, id="muster.E007")]
    return []


@register(Tags.database)
def database_fits(app_configs: Apps, databases: Sequence[str] | None = None, **kwargs: Any) -> Found:
    if not databases:
        return []
    if connections["default"].vendor == "postgresql":
        return _about_postgres()
    return _about_sqlite(Path(str(settings.DATABASES["default"]["NAME"])))


def _about_sqlite(file: Path) -> Found:
    found: Found = []
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        hint = "Use a Python that comes with SQLite 3.35 or newer, or PostgreSQL."
        found.append(Error(f"SQLite is {sqlite3.sqlite_version}.", hint=hint, id="muster.E008"))
    if (kind := filesystem_of(file)) in NETWORK_FILESYSTEMS:
        hint = (
            "SQLite's locks do not hold there, and two servers would destroy the file. Move MUSTER_HOME to a local disk, or use PostgreSQL."
        )
        found.append(Error(f"The SQLite file {file} lies on a network file system ({kind}).", hint=hint, id="muster.E009"))
    return found


def filesystem_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """Return the type of the file system that a path lies on, "" where the system does not tell."""
    try:
        table = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    # Spaces in mount points are written as \040; of two mounts on one point the later one counts.
    points = [(Path(row[1].replace("\\040", " ")), row[2]) for row in table if len(row) > 2]
    above = [(len(point.parts), index, kind) for index, (point, kind) in enumerate(points) if path.resolve().is_relative_to(point)]
    return max(above)[2] if above else ""


def _about_postgres() -> Found:
    found: Found = []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000, current_setting('fsync'), clock_timestamp()")
        version, fsync, clock = cursor.fetchone()
    if version < OLDEST_POSTGRES:
        found.append(Error(f"PostgreSQL is {version}.", hint=f"Upgrade it to {OLDEST_POSTGRES} or newer.", id="muster.E010"))
    if fsync != "on":
        hint = "Set fsync=on: a power cut would lose or tear what was acknowledged."
        found.append(Warning("PostgreSQL runs without fsync.", hint=hint, id="muster.W002"))
    if abs((datetime.now(UTC) - clock).total_seconds()) > CLOCK_SKEW:
        hint = "Muster counts on the database's clock alone, but logs and certificates will confuse people. Run a time service on both."
        found.append(Warning("The clocks of this machine and of PostgreSQL differ by more than 30 s.", hint=hint, id="muster.W003"))
    return found
