"""The `git` program, run so that nothing on the machine can bend it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TZ")


def child_environment(repository: Path) -> dict[str, str]:
    """Return what a git child needs to know, and which outside settings it must not read."""
    return {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": "",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(repository.parent),
        "GIT_CONFIG_COUNT": "0",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_DIR": str(repository),
        "GIT_INDEX_FILE": str(repository / "index"),
        "GIT_OBJECT_DIRECTORY": str(repository / "objects"),
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TEMPLATE_DIR": "",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "XDG_CONFIG_HOME": "/nonexistent",
    }


def run_git(repository: Path, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run one git command on a repository and return how it ended; `arguments` are constants and full commit ids only."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.run(
        ["git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", f"safe.directory={repository}", *arguments],
        cwd=repository,
        env=kept | child_environment(repository),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )


SERVING = {
    "core.bigFileThreshold": "4m",
    "core.deltaBaseCacheLimit": "16m",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.packedGitLimit": "64m",
    "core.packedGitWindowSize": "8m",
    "pack.threads": "1",
    "pack.windowMemory": "32m",
    "receive.advertisePushOptions": "true",
    "receive.advertiseAtomic": "false",
    "uploadpack.allowAnySHA1InWant": "true",
    "uploadpack.allowFilter": "true",
    "uploadpackfilter.sparse:oid.allow": "false",
}
MEMORY = 512 << 20  # bytes of address space
# The limits must hold before git reads its first byte, and bind its own children too.
LIMITED = 'ulimit -v "$1" && ulimit -t "$2" && shift 2 && exec git "$@"'


def start_git(
    repository: Path,
    *arguments: str,
    stdin: IO[bytes] | int,
    seconds: int,
    extra: Mapping[str, str] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    stderr: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a git command for a client on the network, with little memory and `seconds` of processor time.

    `arguments` are constants; `extra` is laid over the environment.
    """
    config = SERVING | {"safe.directory": str(repository)}
    named = {"GIT_CONFIG_COUNT": str(len(config))}
    for number, (key, value) in enumerate(config.items()):
        named |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return subprocess.Popen(
        ["/bin/sh", "-c", LIMITED, "git", str(MEMORY >> 10), str(seconds), *arguments],
        cwd=repository,
        env=kept | child_environment(repository) | named | dict(extra or {}),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
    )
