"""Looking at the queue: check, next, list, show, status, agents."""

import argparse
from collections.abc import Iterator
from typing import Any

from tqc.command import Command, Context
from tqc.commands.shared import HEADERS, ago, as_agent, rows_of, states_of, task_line
from tqc.errors import NOTHING, OK, Forbidden
from tqc.output import clean, one_line
from tqc.parsing import task_number, whole
from tqc.shapes import Attempt, Stats, Task

PENDING = ("waiting", "queued")


def check(context: Context, options: argparse.Namespace) -> int:
    client, agent = context.client, context.settings.agent
    held: list[int] = []
    if agent:
        beat = as_agent(context, lambda: client.heartbeat(display_name=context.settings.display_name))
        held = [each["task"] for each in beat["leases"]]
    stats = client.stats()
    task = _next(context, 0)
    pending = sum(stats["tasks"].get(state, 0) for state in PENDING)
    data = {"pending": pending, "next": task, "held": held}

    def text() -> Iterator[str]:
        upcoming = f" - Next: {task_line(task)}" if task else (" - none that you could claim now" if pending else "")
        yield f"{pending} task(s) pending{upcoming}"
        if held:
            yield f"You hold {', '.join(f'#{number}' for number in held)}."
        if task:
            context.printer.say(f"Next: {context.program} claim {task['id']}")

    context.printer.answer("check", data, text)
    return OK


def next_task(context: Context, options: argparse.Namespace) -> int:
    if options.claim:
        from tqc.commands.claiming import claim_next

        return claim_next(context, wait=options.wait, project=options.project)
    task = _next(context, options.wait)
    if task is None:
        context.printer.answer("task", None, list)
        context.printer.say("Nothing to claim at the moment. To wait for work: tqc next --wait 30")
        return NOTHING
    context.printer.answer("task", task, lambda: _lines_of(context, task))
    context.printer.say(f"Next: {context.program} claim {task['id']}")
    return OK


def _next(context: Context, wait: int) -> Task | None:
    try:
        return as_agent(context, lambda: context.client.next_task(wait=wait))
    except Forbidden:
        # A reader's key cannot claim, so it has no next task of its own: show the most urgent one.
        found = context.client.tasks(state=["queued"], order="queue", limit=1)["items"]
        return found[0] if found else None


def list_tasks(context: Context, options: argparse.Namespace) -> int:
    wanted = " ".join([*options.words, options.filter]).strip()
    # A filter says itself which states it wants.
    words = options.status or ["all" if wanted else "pending" if context.is_compat else "open"]
    line = " ".join([wanted, *map(_as_text, (options.search or "").split())]).strip()
    filters: dict[str, Any] = {
        "state": states_of(words),
        "agent": options.agent,
        "kind": options.kind,
        "project": options.project,
        "phase": options.phase,
        "label": options.label,
        "tier": options.tier,
        "q": line,
        "order": options.order,
    }
    tasks: list[Task] = []
    cursor: str | None = None
    while len(tasks) < options.limit:
        page = context.client.tasks(**filters, limit=min(200, options.limit - len(tasks)), cursor=cursor)
        tasks += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break

    def text() -> Iterator[str]:
        yield from context.printer.table(HEADERS, rows_of(tasks), states=(1,))
        if cursor:
            context.printer.say(f"There are more; the first {len(tasks)} are shown. To see more: --limit {options.limit * 4}")
        if not tasks:
            context.printer.say(f"No task matches the filter: {line}" if wanted else f"No task is {' or '.join(words)} here.")

    context.printer.answer("tasks", {"items": tasks, "more": bool(cursor)}, text)
    return OK


def _as_text(word: str) -> str:
    """Return a word as the filter looks for it literally."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def show(context: Context, options: argparse.Namespace) -> int:
    task = context.client.task(options.task)
    attempts = context.client.attempts(options.task)["items"] if task["attempts_made"] else []
    context.printer.answer("task", {**task, "attempts": attempts}, lambda: _lines_of(context, task, attempts))
    return OK


def _lines_of(context: Context, task: Task, attempts: list[Attempt] | None = None) -> Iterator[str]:
    printer = context.printer
    yield printer.paint(task_line(task), "1")
    yield f"  {printer.state(task['state'])} {ago(task['state_since'])}" + (f": {one_line(task['reason'])}" if task["reason"] else "")
    lease = task["lease"]
    facts = {
        "project": f"{task['project']}, phase {task['phase_name']}",
        "priority": f"{task['priority']} ({task['band']}), tier {task['tier']}",
        "kind": task["kind"],
        "labels": ", ".join(task["labels"]),
        "needs": ", ".join(task["capabilities"]),
        "assigned": task["assigned_to"],
        "waits for": ", ".join(f"#{need['on']} ({need['state']})" for need in task.get("needs", []) if not need["satisfied"]),
        "held by": f"{lease['agent']}, attempt {lease['attempt']}, lease ends {ago(lease['expires_at'])}" if lease else "",
        "created": f"{ago(task['created_at'])} by {task['created_by']}",
    }
    for name, value in facts.items():
        if value:
            yield f"  {name:<10} {one_line(value)}"
    for title, body in (("Objective", task["objective"]), ("Result", task["result"])):
        if body:
            yield f"\n{printer.paint(title, '1')}\n{clean(body)}"
    for attempt in attempts or []:
        yield _attempt_line(context, attempt)


def _attempt_line(context: Context, attempt: Attempt) -> str:
    outcome = attempt["outcome"] or ("working" if attempt["progress"] is None else f"working, {attempt['progress']} %")
    told = attempt["reason"] or attempt["error"] or attempt["progress_note"] or attempt["result"]
    late = ", a late result waits to be adopted" if any(not each["adopted_at"] for each in attempt["late_results"]) else ""
    words = f"  attempt {attempt['number']} by {attempt['agent']}, {ago(attempt['claimed_at'])}: {outcome}{late}"
    return clean(f"{words}  {one_line(told)[:120]}".rstrip())


def status(context: Context, options: argparse.Namespace) -> int:
    stats = context.client.stats()
    context.printer.answer("stats", stats, lambda: _stats(context, stats))
    return OK


def _stats(context: Context, stats: Stats) -> Iterator[str]:
    for name, counts in (("Tasks", stats["tasks"]), ("Agents", stats["agents"])):
        yield context.printer.paint(name, "1")
        for state, count in counts.items():
            if count or name == "Agents":
                yield f"  {context.printer.state(state, 10)} {count:>6}"
    yield f"Finished today: {stats['finished_today']}"
    if stats["cost_usd"]:
        yield f"Cost: ${stats['cost_usd']:.2f}"


def agents(context: Context, options: argparse.Namespace) -> int:
    found = context.client.agents()["items"]
    rows = [
        [
            each["name"],
            each["state"],
            ago(each["last_seen_at"]),
            ",".join(f"#{task}" for task in each["tasks"]),
            ",".join(each["tiers"]),
            ", ".join(each["capabilities"]),
        ]
        for each in found
    ]
    headers = ("NAME", "STATE", "SEEN", "HOLDS", "TIERS", "CAPABILITIES")
    context.printer.answer("agents", {"items": found}, lambda: context.printer.table(headers, rows, states=(1,)))
    return OK


def _next_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--claim", action="store_true", help="claim it, and print the brief")
    parser.add_argument("--wait", type=whole(0, 30, "--wait"), default=0, metavar="SECONDS", help="wait up to 30 s for one")
    parser.add_argument("--project", metavar="SLUG", help="only in this project (MUSTER_PROJECT)")


def _list_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="FILTER",
        help="the filter line of the board, in quotation marks: 'state:queued label:api -phase:2 updated:<2d some words'; docs/filter.md"
        " lists what can stand in it",
    )
    parser.add_argument("--filter", default="", metavar="FILTER", help="the same; --filter=-label:api for one that begins with a minus")
    parser.add_argument(
        "--status",
        "--state",
        action="append",
        metavar="STATE",
        help="waiting, queued, claimed, running, blocked, review, done, failed, cancelled, or pending, in_progress, completed, open,"
        " finished, all; may be repeated (open by default, all with a filter)",
    )
    parser.add_argument("--agent", metavar="NAME", help="held by this agent, or last worked on by it")
    parser.add_argument("--kind", help="of this kind")
    parser.add_argument("--tier", choices=["light", "standard", "heavy"], help="of this tier")
    parser.add_argument("--label", action="append", help="with this label; may be repeated")
    parser.add_argument("--project", metavar="SLUG", help="only in this project (MUSTER_PROJECT)")
    parser.add_argument("--phase", type=whole(1, 2**63 - 1, "--phase"), metavar="NUMBER", help="only in this phase")
    parser.add_argument("--search", metavar="WORDS", help="with these words in title or objective")
    parser.add_argument("--order", choices=["id", "-id", "queue", "priority", "-state_since"], default="queue", help="queue by default")
    parser.add_argument("--limit", type=whole(1, 100_000, "--limit"), default=50, help="at most so many, 50 by default")


def _show_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")


COMMANDS = (
    Command(
        "check",
        "say what is waiting for you, and what you hold",
        check,
        description="Meant for the start of a session. It also gives a sign of life for your agent, and registers it if it is new.",
        examples=[("tqc check", '"1 task(s) pending - Next: #5 Deploy new monitoring stack"')],
        shape="kind check: {pending, next: task or null, held: [task numbers]}",
    ),
    Command(
        "next",
        "show the task that you would get, or claim it",
        next_task,
        _next_arguments,
        description="Exit code 3 says that there is nothing to claim.",
        examples=[("tqc next", "show it"), ("tqc next --claim --wait 30", "wait for work, claim it and print its brief")],
        shape="kind task: the task, or null; with --claim kind claim",
    ),
    Command(
        "list",
        "list tasks",
        list_tasks,
        _list_arguments,
        description="The order is that of the queue: the most urgent task first, and the longest waiting one among equals.",
        examples=[
            ("tqc list 'is:ready agent:@none -label:later'", "what could be claimed and was never tried, by the filter of the board"),
            ("tqc list --status queued", "what could be claimed"),
            ("tqc list --agent jared --status running", "what jared is working on"),
            ("tqc list --kind email --status completed --limit 200", "finished e-mail tasks"),
        ],
        shape="kind tasks: {items: [task], more: true or false}",
    ),
    Command(
        "show",
        "show a task with its attempts",
        show,
        _show_arguments,
        examples=[("tqc show 42", "state, facts, result and every attempt")],
        shape="kind task: the task with attempts: [attempt]",
    ),
    Command(
        "status",
        "count the tasks and the agents",
        status,
        shape="kind stats: {tasks: {state: count}, bands, agents, finished_today, cost_usd, server_time}",
    ),
    Command("agents", "list the agents", agents, shape="kind agents: {items: [agent]}"),
)
