"""Projects: list, add, pause, drain, stop, resume."""

import argparse
from typing import Any

from tqc.command import Command, Context
from tqc.errors import OK, UsageError


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
    state = "paused" if project["paused"] else "active"
    context.printer.answer("project", project, lambda: [f"{project['slug']} ({project['name']}) is {state}."])
    return OK


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("verb", nargs="?", choices=["list", "show", "add", "pause", "drain", "stop", "resume"], default="list")
    parser.add_argument("slug", nargs="?", metavar="SLUG", help="the project's short name")
    parser.add_argument("--name", help="with add: its name")
    parser.add_argument("--description", metavar="TEXT", help="with add")
    parser.add_argument("--review", action="store_true", help="with add: every result needs a review")
    parser.add_argument("--reason", default="", metavar="TEXT", help="with pause, drain and stop: why")


COMMANDS = (
    Command(
        "projects",
        "list, add, pause, drain, stop and resume projects",
        projects,
        _arguments,
        examples=[
            ("tqc projects", "list them"),
            ('tqc projects add shop --name "Shop relaunch"', ""),
            ('tqc projects pause shop --reason "Waiting for the new server."', "nothing of it can be claimed"),
        ],
        shape="kind projects: {items: [project]}; otherwise kind project",
    ),
)
