"""Doctor: what is wrong between here and the server, and what to do about it."""

import argparse
import importlib.util
import os
import platform
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from tqc import __version__
from tqc.command import Command, Context
from tqc.commands.shared import moment
from tqc.config import config_path, state_directory
from tqc.errors import FAILED, OK, TqcError

SLOW = 1.0  # seconds
CLOCK_OFF = 30.0  # seconds


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `remedy` says what to do when it is not well."""

    name: str
    ok: bool
    sentence: str
    remedy: str = ""


def doctor(context: Context, options: argparse.Namespace) -> int:
    findings: list[Finding] = []
    for look in (_files, _address, _server, _key, _clock, _leases, _outbox, _extras):
        findings += look(context)
        if not context.settings.url or (findings and findings[-1].name == "server" and not findings[-1].ok):
            break
    well = all(finding.ok for finding in findings)

    def text() -> Iterator[str]:
        for each in findings:
            mark = context.printer.paint("ok  ", "32") if each.ok else context.printer.paint("BAD ", "31")
            yield f"{mark} {each.name:<8} {each.sentence}"
            if each.remedy:
                yield f"              Next: {each.remedy}"

    data = {"well": well, "findings": [asdict(each) for each in findings]}
    context.printer.answer("doctor", data, text)
    return OK if well else FAILED


def _files(context: Context) -> Iterator[Finding]:
    yield Finding("tqc", True, f"{__version__} on Python {platform.python_version()}, {platform.system()}")
    path = config_path()
    if path.exists() and os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        yield Finding("profile", False, f"{path} can be read by others, and it holds keys.", f"chmod 600 {path}")
    else:
        yield Finding("profile", True, f"{path}{'' if path.exists() else ' does not exist yet'}")


def _address(context: Context) -> Iterator[Finding]:
    settings = context.settings
    if settings.url:
        yield Finding("address", True, f"{settings.url}, from {settings.sources.get('url', 'a flag')}")
    else:
        yield Finding("address", False, "No server is known.", "tqc init URL")


def _server(context: Context) -> Iterator[Finding]:
    from tqc.client.sync import Client
    from tqc.command import transport_for

    client = Client(context.url, timeout=min(10.0, context.timeout), patience=0.0, transport=transport_for(context.url))
    began = time.monotonic()
    try:
        told = client.health()
    except TqcError as error:
        yield Finding("server", False, error.sentence, "check the address, the network and that the server runs")
        return
    took = time.monotonic() - began
    words = f"{told.get('service', 'answers')} {told.get('version', '')}, {took * 1000:.0f} ms"
    yield Finding("server", took < SLOW, words, "" if took < SLOW else "the network or the server is slow: heartbeats may come late")


def _key(context: Context) -> Iterator[Finding]:
    try:
        me = context.client.me()
    except TqcError as error:
        yield Finding("key", False, error.sentence, error.hint or f"tqc init {context.url}")
        return
    agent = me["agent"] or context.settings.agent
    yield Finding("key", True, f"of {me['actor']['name']}, from {context.settings.sources.get('key', 'a flag')}")
    yield Finding("agent", bool(agent), agent or "No agent is named.", "" if agent else "set MUSTER_AGENT, or say --as NAME")


def _clock(context: Context) -> Iterator[Finding]:
    try:
        server = moment(context.client.me()["server_time"])
    except TqcError:
        return
    off = (datetime.now(timezone.utc) - server).total_seconds()
    if abs(off) < CLOCK_OFF:
        yield Finding("clock", True, f"{off:+.0f} s against the server")
    else:
        yield Finding("clock", True, f"{off:+.0f} s against the server. Leases do not mind: only the server's clock counts.")


def _leases(context: Context) -> Iterator[Finding]:
    held = context.leases.all(context.url)
    yield Finding("leases", True, f"{len(held)} on this machine" + (f": {', '.join(f'#{each.task}' for each in held)}" if held else ""))


def _outbox(context: Context) -> Iterator[Finding]:
    waiting = len(list((state_directory() / "outbox").glob("*.json"))) if state_directory().exists() else 0
    remedy = "tqc work --flush" if waiting else ""
    yield Finding("outbox", not waiting, f"{waiting} reports wait to be sent" if waiting else "empty", remedy)


def _extras(context: Context) -> Iterator[Finding]:
    git = shutil.which("git")
    yield Finding("git", True, git or "not installed; only --worktree needs it")
    mcp = importlib.util.find_spec("mcp") is not None
    yield Finding("mcp", True, "installed" if mcp else "not installed; for `tqc mcp`: pip install 'tqc[mcp]'")


Look = Callable[[Context], Iterator[Finding]]
COMMANDS = (
    Command(
        "doctor",
        "check address, key, clock, files and versions, and say what to do",
        doctor,
        description="Exit code 1 says that something is not well.",
        examples=[("tqc doctor", ""), ("tqc doctor --json", "for a program that watches over agents")],
        shape="kind doctor: {well, findings: [{name, ok, sentence, remedy}]}",
    ),
)
