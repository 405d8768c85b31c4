"""Handing in the files that a command kept: one commit on the attempt's branch, pushed with the lease while it holds.

The real git does it, in a repository of its own that is thrown away. Key and lease reach it by the environment, which no
other user of the machine can read, and never by its arguments.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tqc.client.wire import Server
from tqc.errors import TqcError
from tqc.shapes import Claim

PATIENCE = 120.0  # seconds for each command


class NotPushed(TqcError):
    """The files could not be handed in as a commit; its sentence says why."""


def push_kept(keep: Path, claim: Claim, server: Server) -> str:
    """Commit what lies in `keep` on top of the attempt's branch and return the commit, or "" if nothing lies there."""
    files = kept_files(keep)
    if not files:
        return ""
    if shutil.which("git") is None:
        raise NotPushed("git is not installed here.")
    branch = f"refs/heads/attempts/{claim['attempt']['number']}"
    with tempfile.TemporaryDirectory(prefix="muster-push-") as scratch:
        git = _Git(Path(scratch), claim, server)
        git("init", "--quiet")
        git("remote", "add", "origin", f"{server.url}/git/tasks/{claim['task']['id']}.git")
        if base := git("ls-remote", "origin", branch).partition("\t")[0] or claim["attempt"]["commit"]:
            git("fetch", "--quiet", "--no-tags", "origin", "+refs/heads/*:refs/remotes/origin/*")
            git("checkout", "--quiet", "--detach", base)
        for file in files:
            target = Path(scratch) / file.relative_to(keep)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        git("add", "--all", "--force")
        if not git("status", "--porcelain"):
            return base
        git(
            "commit",
            "--quiet",
            "--message",
            f"Keep {len(files)} file{'s' if len(files) > 1 else ''} of attempt {claim['attempt']['number']}",
        )
        git("push", "--quiet", "origin", f"HEAD:{branch}")
        return git("rev-parse", "HEAD")


def kept_files(keep: Path) -> list[Path]:
    """Return the plain files below `keep`; links are no files of the command's own."""
    found = sorted(keep.rglob("*")) if keep.is_dir() else []
    return [path for path in found if path.is_file() and not path.is_symlink()]


class _Git:
    """git in one directory, with the worker's key and lease, and nobody's settings."""

    def __init__(self, directory: Path, claim: Claim, server: Server) -> None:
        self._directory = directory
        agent = claim["attempt"]["agent"]
        settings = [
            ("http.extraHeader", f"Authorization: Bearer {server.key}"),
            ("http.extraHeader", f"X-Lease-Token: {claim['lease_token']}"),
            ("http.followRedirects", "false"),  # the headers would be sent on with the request
            ("core.hooksPath", os.devnull),
            ("init.defaultBranch", "main"),
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
        environment |= {f"GIT_{role}_NAME": agent for role in ("AUTHOR", "COMMITTER")}
        environment |= {f"GIT_{role}_EMAIL": f"{agent}@agents.invalid" for role in ("AUTHOR", "COMMITTER")}
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (name, value) in enumerate(settings):
            environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        self._environment = environment

    def __call__(self, *arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", *arguments],
                cwd=self._directory,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotPushed(f"git {arguments[0]} took longer than {PATIENCE:g} s.") from None
        if done.returncode != 0:
            told = [line.removeprefix("remote: ").strip() for line in done.stderr.splitlines() if line.strip()]
            raise NotPushed(f"git {arguments[0]} failed: {' '.join(told)[:500]}")
        return done.stdout.strip()
