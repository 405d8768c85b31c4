"""Phases: list, add, approve, pause, drain, stop, resume, complete, status."""

import argparse
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import project_of
from tqc.errors import OK, UsageError
from tqc.output import one_line
from tqc.shapes import Phase


def phases(context: Context, options: argparse.Namespace) -> int:
    if options.verb == "list":
        return _list(context, project_of(context))
    if not options.phase:
        raise UsageError("Say which phase.", hint="tqc phases list")
    if options.verb == "add":
        phase = _add(context, options)
    else:
        phase = _act(context, options)
    context.printer.answer("phase", phase, lambda: [f"Phase {phase['id']} {one_line(phase['name'])} is {phase['state']}."])
    return OK


def _list(context: Context, project: str) -> int:
    found = context.client.phases(project)["items"]
    rows = [
        [each["id"], each["state"], f"{each['progress']['percent']} %", each["progress"]["open"], each["gate"], _with_status(each)]
        for each in found
    ]
    headers = ("ID", "STATE", "DONE", "OPEN", "GATE", "NAME")
    context.printer.answer("phases", {"items": found}, lambda: context.printer.table(headers, rows, states=(1,)))
    return OK


def _with_status(phase: Phase) -> str:
    return phase["name"] + (f": {phase['status_line']}" if phase["status_line"] else "")


def _add(context: Context, options: argparse.Namespace) -> Phase:
    settings: dict[str, Any] = {}
    if options.gate:
        settings["gate"] = options.gate
    if options.after is not None:
        settings["after"] = options.after
    if options.description:
        settings["description"] = options.description
    return context.client.create_phase(project_of(context), options.phase, **settings)


def _act(context: Context, options: argparse.Namespace) -> Phase:
    client, number = context.client, _number(context, options.phase)
    if options.verb == "status":
        return client.set_phase_status(number, options.text or "", options.blocker or [])
    acts = {
        "show": client.phase,
        "approve": client.approve_phase,
        "pause": client.pause_phase,
        "drain": client.drain_phase,
        "stop": client.stop_phase,
        "resume": client.resume_phase,
        "complete": client.complete_phase,
    }
    return acts[options.verb](number)


def _number(context: Context, given: str) -> int:
    if given.isdecimal():
        return int(given)
    found = [each for each in context.client.phases(project_of(context))["items"] if each["name"].lower() == given.lower()]
    if len(found) != 1:
        raise UsageError(f"{given!r} names {'several phases' if found else 'no phase'} of the project.", hint="tqc phases list")
    return found[0]["id"]


def _arguments(parser: argparse.ArgumentParser) -> None:
    verbs = ["list", "show", "add", "approve", "pause", "drain", "stop", "resume", "complete", "status"]
    parser.add_argument("verb", nargs="?", choices=verbs, default="list")
    parser.add_argument("phase", nargs="?", metavar="PHASE", help="a phase's number or name; with add the name of the new one")
    parser.add_argument("text", nargs="?", metavar="TEXT", help="with status: where it stands")
    parser.add_argument("--blocker", action="append", metavar="TEXT", help="with status: what is in the way; may be repeated")
    parser.add_argument("--project", metavar="SLUG", help="the project (MUSTER_PROJECT); the only one by default")
    parser.add_argument("--gate", choices=["auto", "approval"], help="with add: auto opens by itself, approval waits for a person")
    parser.add_argument(
        "--after", action="append", type=int, metavar="PHASE", help="with add: the phases it waits for; the last by default"
    )
    parser.add_argument("--description", metavar="TEXT", help="with add")


COMMANDS = (
    Command(
        "phases",
        "list, add, approve, pause, drain, stop and resume phases",
        phases,
        _arguments,
        examples=[
            ("tqc phases --project shop", "list them"),
            ("tqc phases add Build --gate approval", "a phase whose gate a person opens"),
            ("tqc phases approve Build", "open its gate"),
            ("tqc phases drain Build", "what runs goes on to its end, nothing new begins"),
            ("tqc phases stop Build", "what runs is taken back as well"),
            ('tqc phases status Build "Two of five services moved." --blocker "No access to the old host"', ""),
        ],
        shape="kind phases: {items: [phase]}; otherwise kind phase",
    ),
)
