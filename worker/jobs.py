"""The jobs: each calls one operation and says what it did in a sentence. `manage.py` runs the same functions by hand."""

from django.conf import settings

from coordination.operations import retention
from coordination.operations.outbox import deliver_due
from coordination.operations.phases import advance_due
from coordination.operations.refs import repair_refs
from coordination.operations.repocheck import check_everything
from coordination.operations.repopack import pack_repositories
from coordination.operations.seals import seal_missed
from coordination.operations.sweep import sweep as sweep_all
from worker.channels.webhook import WebhookChannel


def sweep() -> str:
    """Expire leases, queue retries that are due, mark silent agents, advance phases, note what is drained."""
    report = sweep_all()
    return (
        f"Swept: {report.expired} leases expired, {report.timed_out} attempts timed out, {report.cancelled} cancelled, "
        f"{report.readied} tasks queued, {report.fallen_back} opened to every agent, {report.advanced} phases advanced, "
        f"{report.silent} agents fell silent, {report.drained} drained."
    )


def advance() -> str:
    """Complete phases whose tasks are done and start those that are due."""
    return f"Advanced {advance_due()} phases."


def deliver() -> str:
    """Send what happened to the webhooks that asked for it."""
    report = deliver_due(WebhookChannel(allow_private=settings.WEBHOOKS_ALLOW_PRIVATE))
    return (
        f"Delivered {report.delivered} events to webhooks; {report.failed} attempts failed, {report.disabled} webhooks were switched off."
    )


def refs() -> str:
    """Let branches follow the heads that a crash left behind."""
    report = repair_refs()
    return f"Looked at {report.checked} saved tasks; {report.moved} branches moved, {report.faulty} repositories need a repocheck."


def seals() -> str:
    """Seal the attempts that a crash left unsealed."""
    return f"Sealed {seal_missed()} attempts."


def repocheck() -> str:
    """Check every repository and every row, and repair what can be repaired."""
    report = check_everything(repair=True)
    return report.sentence


def pack() -> str:
    """Pack the repositories that hold many loose objects."""
    return f"Packed {pack_repositories()} repositories."


def forget() -> str:
    """Drop what is kept for a limited time only."""
    report = retention.forget_old()
    others = f"{report.sessions} sessions, {report.heartbeats} hours of heartbeats and {report.events} events"
    return f"Forgot {report.answers} stored answers, {others}."
