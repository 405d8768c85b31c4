"""What a git client hears over HTTP: branches offered, packs sent. Nothing here changes a repository."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Literal

from repo_store.gitchild import start_git

Service = Literal["git-upload-pack", "git-receive-pack"]

OFFER_SECONDS = 10
CLONE_SECONDS = 300  # of processor time
CHUNK = 1 << 16
_PROTOCOL = re.compile(r"[a-z0-9=.:-]{1,100}")


def offer(path: Path, service: Service, protocol: str) -> bytes:
    """Return the branches of a repository, as the first answer of a service; `protocol` is the client's Git-Protocol."""
    command = service.removeprefix("git-")
    child = start_git(
        path, command, "--stateless-rpc", "--advertise-refs", ".", stdin=subprocess.DEVNULL, seconds=OFFER_SECONDS, extra=_spoken(protocol)
    )
    with child:
        told, _ = child.communicate()
    if child.returncode != 0:
        raise OSError(f"git {command} ended with {child.returncode}")
    return told


def send_pack(path: Path, request: IO[bytes], protocol: str) -> Iterator[bytes]:
    """Yield the answer to a client that fetches, as git makes it; the child ends when the client does."""
    child = start_git(path, "upload-pack", "--stateless-rpc", ".", stdin=request, seconds=CLONE_SECONDS, extra=_spoken(protocol))
    return _stream(child)


def _stream(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    try:
        assert child.stdout is not None
        while chunk := child.stdout.read1(CHUNK):  # type: ignore[attr-defined]  # a buffered pipe has it
            yield chunk
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        if child.stdout:
            child.stdout.close()
        child.wait()


def _spoken(protocol: str) -> dict[str, str]:
    return {"GIT_PROTOCOL": protocol} if _PROTOCOL.fullmatch(protocol) else {}
