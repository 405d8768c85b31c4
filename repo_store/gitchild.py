"""The `git` program, run so that nothing on the machine can bend it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

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
