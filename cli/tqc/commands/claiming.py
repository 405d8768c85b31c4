"""Getting tasks and keeping them: claim, heartbeat."""

import argparse
import time
from collections.abc import Iterator
from functools import partial

from tqc.command import Command, Context
from tqc.commands.shared import as_agent, moment, span, task_line
from tqc.errors import NOTHING, OK, HeldByAnother, ServerAway, TqcError
from tqc.leases import of_claim
from tqc.parsing import task_number, whole, words
from tqc.shapes import AgentBeat, Claim


def claim(context: Context, options: argparse.Namespace) -> int:
    if options.task is None:
        return claim_next(
            context, wait=options.wait, project=options.project, capabilities=options.capabilities, tiers=options.tiers, brief=options.brief
        )
    what = f"claim {options.task} as {context.settings.agent}"
    key = context.leases.pending_key(context.url, what)
    try:
        claimed = as_agent(context, lambda: context.client.claim_task(options.task, idempotency_key=key))
    except ServerAway:
        raise  # the key is kept: the same command gets the same lease
    except HeldByAnother as refusal:
        context.leases.settle(key)
        return _held_already(context, options.task, refusal)
    except TqcError:
        context.leases.settle(key)
        raise
    return _take(context, claimed, key, options.brief)


def claim_next(
    context: Context,
    *,
    wait: int,
    project: str | None,
    capabilities: list[str] | None = None,
    tiers: list[str] | None = None,
    brief: bool = True,
) -> int:
    """Claim the most urgent task; exit code 3 when there is none."""
    project = project or context.settings.project or None
    # The same command gets the same key; another one is another request.
    what = f"claim next as {context.settings.agent} {wait} {project} {capabilities} {tiers}"
    key = context.leases.pending_key(context.url, what)
    try:
        claims = as_agent(
            context,
            lambda: context.client.claim(wait=wait, project=project, capabilities=capabilities, tiers=tiers, idempotency_key=key),
        )
    except ServerAway:
        raise
    except TqcError:
        context.leases.settle(key)
        raise
    if not claims:
        context.leases.settle(key)
        context.printer.answer("claim", None, list)
        context.printer.say("Nothing to claim at the moment. To wait for work: tqc claim --wait 30")
        return NOTHING
    return _take(context, claims[0], key, brief)


def _take(context: Context, claimed: Claim, key: str, brief: bool) -> int:
    lease = of_claim(context.url, claimed)
    context.leases.remember(lease)
    context.leases.settle(key)
    number = lease.task
    context.printer.answer("claim", claimed, lambda: _told(context, claimed, brief))
    read_first = "" if brief else f"brief {number}, then {context.program} "
    context.printer.say(f'Next: {context.program} {read_first}complete {number} --result "..."')
    return OK


def _told(context: Context, claimed: Claim, brief: bool) -> Iterator[str]:
    task = claimed["task"]
    left = (moment(claimed["expires_at"]) - moment(claimed["server_time"])).total_seconds()
    yield f"Claimed {task_line(task)}"
    context.printer.say(f"It is yours for {span(left)}, attempt {claimed['attempt']['number']}. To keep it longer: tqc heartbeat --keep")
    if brief:
        yield ""
        yield from context.client.brief_markdown(task["id"]).rstrip().splitlines()


def _held_already(context: Context, number: int, refusal: HeldByAnother) -> int:
    lease = context.leases.find(context.url, number)
    if lease is None or lease.agent != refusal.holder:
        raise refusal
    data = {"task": context.client.task(number), "lease_token": lease.token, "fence": lease.fence, "held_already": True}
    context.printer.answer("claim", data, lambda: [f"You hold #{number} already."])
    return OK


def heartbeat(context: Context, options: argparse.Namespace) -> int:
    agent = options.agent or context.settings.agent
    while True:
        beat = as_agent(context, lambda: context.client.heartbeat(agent or None, display_name=context.settings.display_name), agent=agent)
        context.printer.answer("heartbeat", beat, partial(_beat_told, beat))
        if not options.keep:
            return OK
        # Imported here: nobody but this loop needs what supervises.
        from tqc.work.supervisor import beat_every

        if not beat["leases"]:
            context.printer.say("Nothing is held any more.")
            return OK
        time.sleep(
            options.every or min(beat_every(beat["heartbeat_every"], each["expires_at"], each["server_time"]) for each in beat["leases"])
        )


def _beat_told(beat: AgentBeat) -> Iterator[str]:
    yield f"{beat['agent']} is alive" + ("" if beat["leases"] else " and holds nothing") + "."
    for lease in beat["leases"]:
        left = (moment(lease["expires_at"]) - moment(lease["server_time"])).total_seconds()
        line = f"  #{lease['task']} is yours for {span(left)}"
        if lease["cancel_requested"]:
            line = f"  #{lease['task']} was cancelled ({lease['cancel_reason'] or 'no reason given'}): stop, and release it"
        elif changed := lease["instructions_changed"]:
            line += f"; its instructions changed: tqc diff {lease['task']} {changed['from'][:10]} {changed['to'][:10]}"
        yield line


def _claim_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", nargs="?", type=task_number, metavar="TASK", help="the task's number; the most urgent task without it")
    parser.add_argument("--wait", type=whole(0, 30, "--wait"), default=0, metavar="SECONDS", help="wait up to 30 s for a task")
    parser.add_argument("--project", metavar="SLUG", help="only in this project (MUSTER_PROJECT)")
    parser.add_argument("--capabilities", type=words, metavar="A,B", help="only tasks that need no more than these")
    parser.add_argument("--tiers", type=words, metavar="A,B", help="only tasks of these tiers")
    parser.add_argument("--brief", action="store_true", help="print the brief too")


def _heartbeat_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--agent", metavar="NAME", help="the agent that is alive; the one you act as by default")
    parser.add_argument("--keep", action="store_true", help="go on until nothing is held any more")
    parser.add_argument("--every", type=whole(1, 120, "--every"), metavar="SECONDS", help="with --keep; as the server says by default")


COMMANDS = (
    Command(
        "claim",
        "claim one task, or the most urgent one",
        claim,
        _claim_arguments,
        description="The lease that comes with a claim is kept in a file that only you can read, where `complete` and the\n"
        "others find it. A claim whose answer got lost can be given again: it gets the same lease.",
        examples=[
            ("tqc claim 42", "this task, or hear who holds it"),
            ("tqc claim --wait 30 --brief", "whatever is most urgent, with everything needed to do it"),
        ],
        shape="kind claim: {task, attempt, lease_token, fence, expires_at, heartbeat_every, server_time, brief}",
    ),
    Command(
        "heartbeat",
        "give a sign of life and keep what you hold",
        heartbeat,
        _heartbeat_arguments,
        description="Renews every lease of the agent. An agent that is new is registered. Let a supervisor send it, not the work itself:\n"
        "`tqc work` does, and `tqc heartbeat --keep &` does it for a task that you do by hand.",
        examples=[("tqc heartbeat --agent jared", "once"), ("tqc heartbeat --keep &", "beside your work")],
        shape="kind heartbeat: {agent, server_time, heartbeat_every, leases: [...]}",
    ),
)
