"""Completing the last of 10,000 tasks that one task waits for."""

from django.db import connection

from bench import seed
from bench.bed import Bed
from bench.figure import Figure, at_most
from bench.timing import seconds_of
from coordination.actor import SYSTEM
from coordination.lifecycle import State
from coordination.models import Task
from coordination.operations.claims import claim_next
from coordination.operations.creation import NewTask, create_task
from coordination.operations.finish import complete
from coordination.operations.report import Report
from coordination.operations.tokens import holder_of

BLOCKERS = 10_000


def measure(bed: Bed) -> list[Figure]:
    plan, hand = seed.plan(), seed.hands(1)[0]
    join = create_task(plan.project, NewTask(title="Join", phase=plan.phase), actor=SYSTEM)
    seed.tasks(plan, BLOCKERS)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE coordination_task SET state = 'waiting', blockers = %s WHERE id = %s", [BLOCKERS, join.pk])
        cursor.execute(
            "INSERT INTO coordination_dependency (project_id, task_id, on_id, kind) "
            "SELECT project_id, %s, id, 'success' FROM coordination_task WHERE id <> %s",
            [join.pk, join.pk],
        )
        cursor.execute("UPDATE coordination_task SET has_dependents = true WHERE id <> %s", [join.pk])
        last = claim_next(hand.agent, key_id=hand.key_id)[0]
        cursor.execute("UPDATE coordination_task SET state = 'done' WHERE id NOT IN (%s, %s)", [join.pk, last.task_id])
        cursor.execute("UPDATE coordination_task SET blockers = 1 WHERE id = %s", [join.pk])
        cursor.execute("VACUUM ANALYZE coordination_task")
        cursor.execute("VACUUM ANALYZE coordination_dependency")
    holder = holder_of(last.lease_token, last.task_id, hand.key_id)
    took = seconds_of(lambda: complete(holder, Report(result="Done.")))
    assert Task.objects.get(pk=join.pk).state == State.QUEUED
    return [at_most(f"completing the last of {BLOCKERS:,} blockers of one task", took * 1000, "ms", 300)]
