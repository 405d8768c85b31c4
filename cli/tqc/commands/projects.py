"""Projects: list, add, set, pause, drain, stop, resume."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from tqc.command import Command, Context
from tqc.errors import OK, UsageError

SETTINGS = (
    *("name", "description", "review_policy", "max_attempts", "lease_ttl", "on_change", "rerun"),
    *("max_running", "budget_usd", "agents_may_add", "wip_limits"),
)
NOTHING = ("", "none", "null")
IN_WORDS = ("name", "description")  # whatever they look like, they are text


def projects(context: Context, options: argparse.Namespace) -> int:
    client = context.client
    if options.verb == "list":
        found = client.projects(limit=200)["items"]
        rows = [[each["slug"], "paused" if each["paused"] else "active", each["review_policy"], each["name"]] for each in found]
        headers = ("SLUG", "STATE", "REVIEW", "NAME")
        context.printer.answer("projects", {"items": found}, lambda: context.printer.table(headers, rows, states=(1,)))
        return OK
    if not options.slug:
        raise UsageError("Say which project.", hint="tqc projects list")
    if options.verb == "add":
        settings: dict[str, Any] = {"description": options.description} if options.description else {}
        if options.review:
            settings["review_policy"] = "required"
        project = client.create_project(options.slug, options.name or options.slug, **settings)
    elif options.verb == "set":
        before = client.project(options.slug)
        project = client.edit_project(options.slug, changes_in(options.changes, before), version=before["version"])
        context.printer.answer("project", project, lambda: _told(project))
        return OK
    elif options.verb == "pause":
        project = client.pause_project(options.slug, options.reason)
    elif options.verb == "drain":
        project = client.drain_project(options.slug, options.reason)
    elif options.verb == "stop":
        project = client.stop_project(options.slug, options.reason)
    elif options.verb == "resume":
        project = client.resume_project(options.slug)
    else:
        project = client.project(options.slug)
        context.printer.answer("project", project, lambda: _told(project))
        return OK
    state = "paused" if project["paused"] else "active"
    context.printer.answer("project", project, lambda: [f"{project['slug']} ({project['name']}) is {state}."])
    return OK


def changes_in(words: Sequence[str], project: Any) -> dict[str, Any]:
    """Return what `name=value` words change; `wip_limits.progress=5` changes one limit and keeps the others."""
    changes: dict[str, Any] = {}
    for word in words:
        path, separator, text = word.partition("=")
        name, dot, part = path.partition(".")
        if not separator or name not in SETTINGS or (dot and name != "wip_limits"):
            raise UsageError(f"{word!r} is no setting=value; there are {', '.join(SETTINGS)}.", hint="tqc projects set shop max_running=4")
        value = text if name in IN_WORDS else _value(text)
        if dot:
            limits = changes.setdefault("wip_limits", dict(project["wip_limits"]))
            limits.pop(part, None)
            if value is not None:
                limits[part] = value
        else:
            changes[name] = {} if name == "wip_limits" and value is None else value
    if not changes:
        raise UsageError("Say what is to change.", hint="tqc projects set shop max_running=4 wip_limits.progress=5")
    return changes


def _value(text: str) -> Any:
    if text.lower() in NOTHING:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _told(project: Any) -> list[str]:
    state = "paused" if project["paused"] else "active"
    return [f"{project['slug']} ({project['name']}) is {state}.", *(f"  {name}={_shown(project[name])}" for name in SETTINGS[2:])]


def _shown(value: Any) -> str:
    return "none" if value in (None, {}) else value if isinstance(value, str) else json.dumps(value)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", nargs="?", choices=["list", "show", "add", "set", "pause", "drain", "stop", "resume"], default="list")
    parser.add_argument("slug", nargs="?", metavar="SLUG", help="the project's short name")
    parser.add_argument("changes", nargs="*", metavar="SETTING=VALUE", help="with set: what changes; none takes a limit away")
    parser.add_argument("--name", help="with add: its name")
    parser.add_argument("--description", metavar="TEXT", help="with add")
    parser.add_argument("--review", action="store_true", help="with add: every result needs a review")
    parser.add_argument("--reason", default="", metavar="TEXT", help="with pause, drain and stop: why")


COMMANDS = (
    Command(
        "projects",
        "list, add, set up, pause, drain, stop and resume projects",
        projects,
        _arguments,
        description="A planner sets name, description and wip_limits; every other setting needs the admin role.",
        examples=[
            ("tqc projects", "list them"),
            ('tqc projects add shop --name "Shop relaunch"', ""),
            ("tqc projects set shop max_running=4 wip_limits.progress=5", "change its settings; show tells them all"),
            ('tqc projects pause shop --reason "Waiting for the new server."', "nothing of it can be claimed"),
        ],
        shape="kind projects: {items: [project]}; otherwise kind project",
    ),
)
