"""Moving and changing tasks: update, cancel, requeue, undo."""

import argparse
from typing import Any

from tqc.command import Command, Context
from tqc.commands.adding import priority
from tqc.commands.shared import as_agent, repeat_key
from tqc.errors import FAILED, OK, TqcError, UsageError
from tqc.leases import of_claim
from tqc.output import ProgressBar
from tqc.parsing import task_number, whole, words
from tqc.shapes import Worked

FIELDS = ("title", "kind", "priority", "tier", "objective")
WORDS = {"in_progress": "running", "completed": "done", "pending": "queued"}
REACHABLE = ("claimed", "running", "done", "failed", "queued", "cancelled")


def update(context: Context, options: argparse.Namespace) -> int:
    changes = {name: value for name in FIELDS if (value := getattr(options, name)) is not None}
    for name in ("labels", "capabilities"):
        if (value := getattr(options, name)) is not None:
            changes[name] = value
    if options.agent is not None:
        changes["assigned_to"] = options.agent or None
    if not changes and not options.status:
        raise UsageError("Say what is to change.", hint=f"tqc update {options.task} --status running, or --priority 10")
    told: dict[str, Any] = {}
    if changes:
        told = dict(context.client.edit_task(options.task, changes))
    if options.status:
        told = dict(_move(context, options))
    context.printer.answer("task_state", told, lambda: [f"#{options.task} is {told['state']}."])
    return OK


def _move(context: Context, options: argparse.Namespace) -> Worked:
    word = options.status.lower().replace("-", "_").replace(" ", "_")
    state, number, note = WORDS.get(word, word), options.task, options.note or ""
    if state not in REACHABLE:
        raise UsageError(f"{options.status!r} is no state to move a task to; choose {', '.join(REACHABLE)}.")
    if state == "cancelled":
        return _state(context.client.cancel(number, note))
    if state in ("claimed", "running") and context.leases.find(context.url, number) is None:
        claimed = as_agent(context, lambda: context.client.claim_task(number, brief=False))
        context.leases.remember(of_claim(context.url, claimed))
        if state == "claimed":
            return _state(claimed["task"])
    lease = context.leases.require(context.url, number)
    client, token = context.client, lease.token
    if state == "claimed":
        return _state(client.task(number))
    if state == "running":
        told = client.start(number, token)
        if note:
            client.progress(number, token, note=note)
        return told
    key = repeat_key(state, lease, {"note": note})
    if state == "done":
        told = client.complete(number, token, result=note, idempotency_key=key)
    elif state == "failed":
        told = client.fail(number, token, error=note, retryable=False, idempotency_key=key)
    else:
        told = client.release(number, token, note, idempotency_key=key)
    context.leases.forget(context.url, number)
    return told


def _state(task: Any) -> Worked:
    return {"id": task["id"], "state": task["state"]}


def cancel(context: Context, options: argparse.Namespace) -> int:
    return _each(context, options, "cancel", lambda number: context.client.cancel(number, options.reason))


def requeue(context: Context, options: argparse.Namespace) -> int:
    return _each(context, options, "requeue", lambda number: context.client.requeue(number))


def undo(context: Context, options: argparse.Namespace) -> int:
    task = context.client.undo(options.task, options.event)
    context.printer.answer("task", task, lambda: [f"The last decision about #{task['id']} is taken back; it is {task['state']}."])
    return OK


def _each(context: Context, options: argparse.Namespace, verb: str, act: Any) -> int:
    """Do it to each task on its own: one that refuses does not stop the others."""
    results: list[dict[str, Any]] = []
    bar = ProgressBar(context.printer, len(options.task), verb) if len(options.task) > 3 else None
    first: TqcError | None = None
    for number in options.task:
        try:
            task = act(number)
            asked = task["lease"] and task["lease"]["cancel_requested"]
            results.append({"task": number, "ok": True, "state": "asked its agent to stop" if asked else task["state"]})
        except TqcError as error:
            first = first or error
            results.append({"task": number, "ok": False, "error": error.sentence, "code": error.code})
        if bar:
            bar.step()
    if first is not None and len(results) == 1:
        raise first
    lines = [f"#{each['task']}: {each['state'] if each['ok'] else each['error']}" for each in results]
    context.printer.answer("results", {"items": results}, lambda: lines)
    return (first.exit_code or FAILED) if first else OK


def _update_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")
    parser.add_argument("--status", "--state", metavar="STATE", help=f"{', '.join(REACHABLE)}, or in_progress, completed, pending")
    parser.add_argument("-n", "--note", "--notes", dest="note", metavar="TEXT", help="said with the move: result, error or reason")
    parser.add_argument("--title")
    parser.add_argument("--kind")
    parser.add_argument("--priority", type=priority, metavar="0-100", help="0 most urgent; or high, medium, low")
    parser.add_argument("--tier", choices=["light", "standard", "heavy"])
    parser.add_argument("--objective", metavar="TEXT")
    parser.add_argument("--labels", type=words, metavar="A,B", help="all of them; an empty text removes them")
    parser.add_argument("--capabilities", type=words, metavar="A,B", help="all of them; an empty text removes them")
    parser.add_argument("--agent", metavar="NAME", help="assign it to an agent; an empty text lets any agent claim it")


def _many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="+", type=task_number, metavar="TASK", help="the numbers of tasks")


def _cancel_arguments(parser: argparse.ArgumentParser) -> None:
    _many(parser)
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; the agent that holds it reads this")


def _undo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", type=task_number, metavar="TASK", help="the task's number")
    parser.add_argument("--event", type=whole(1, 2**63 - 1, "--event"), metavar="ID", help="only if this event is still the last decision")


COMMANDS = (
    Command(
        "update",
        "move a task to a state, or change its fields",
        update,
        _update_arguments,
        description="Moving to running claims the task first if this machine does not hold it yet.",
        examples=[
            ("tqc update 42 --status running", "begin"),
            ('tqc update 42 --status completed -n "Draft saved."', "the same as tqc complete"),
            ("tqc update 42 --priority high --agent jean", "for planners"),
        ],
        shape="kind task_state: {id, state}, or the task when a field was changed",
    ),
    Command(
        "cancel",
        "cancel tasks",
        cancel,
        _cancel_arguments,
        description="An agent that holds one hears of it with its next heartbeat.",
        examples=[('tqc cancel 42 43 --reason "Not needed any more."', "")],
        shape="kind results: {items: [{task, ok, state or error, code}]}",
    ),
    Command(
        "requeue",
        "run finished tasks again",
        requeue,
        _many,
        examples=[("tqc requeue 42", "with a fresh count of attempts")],
        shape="kind results: {items: [{task, ok, state or error, code}]}",
    ),
    Command(
        "undo",
        "take back the last decision about a task",
        undo,
        _undo_arguments,
        description="""Takes back a cancel, requeue, approval, request for changes, answer or let run, as long as nothing has come of it;
otherwise nothing changes and the exit code is 4. A lease that a cancel ended does not come back.""",
        examples=[("tqc undo 42", "#42 is where it was before"), ("tqc undo 42 --event 4711", "unless something else was decided since")],
        shape="kind task",
    ),
)
