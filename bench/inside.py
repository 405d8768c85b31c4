"""Clients that call the operations themselves, without HTTP: what the engine alone costs."""

import django

from bench.fleet import Cycle


def worker(agent_id: int, key_id: int, limit: int = 1) -> Cycle:
    """Return the cycle of one client: claim up to `limit` tasks, then complete each."""
    django.setup()
    from coordination.models import Agent
    from coordination.operations.claims import claim_next
    from coordination.operations.finish import complete
    from coordination.operations.report import Report
    from coordination.operations.tokens import holder_of

    agent = Agent.objects.get(pk=agent_id)
    report = Report(result="Done.")

    def cycle() -> bool:
        claimed = claim_next(agent, key_id=key_id, limit=limit)
        for each in claimed:
            complete(holder_of(each.lease_token, each.task_id, key_id), report)
        return bool(claimed)

    return cycle


def claimer(agent_id: int, key_id: int, limit: int = 1) -> Cycle:
    """Return the cycle of a client that only claims."""
    django.setup()
    from coordination.models import Agent
    from coordination.operations.claims import claim_next

    agent = Agent.objects.get(pk=agent_id)
    return lambda: bool(claim_next(agent, key_id=key_id, limit=limit))
