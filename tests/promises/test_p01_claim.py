"""P1: one statement picks and takes a task; two live leases on one task never exist. A1."""

import threading

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from coordination.errors import HeldByAnother, NotClaimable, WrongState
from coordination.lifecycle import State
from coordination.models import Attempt, Lease, Task
from coordination.models.clock import now
from coordination.operations.claims import LANES_WITH_WORK, Narrowing, _Asks, _claim_step_by_step, claim_next
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.onestatement import CLAIM_MANY, CLAIM_ONE, CLAIM_ONE_AS_BELIEVED
from coordination.operations.phases import pause_phase, resume_phase
from coordination.operations.projects import edit_project, pause_project, resume_project
from tests.factories import Plan, assert_sound, make_worker, refusals, state_of, together
from tests.servers.process import LONG


def _claim_until_empty(plan: Plan, workers: int, limit: int = 1) -> list[list[int]]:
    """Let each of `workers` agents claim on its own connection until it finds nothing, and return what each got."""
    staff = [make_worker(f"worker-{number}") for number in range(workers)]

    def work(number: int) -> list[int]:
        mine: list[int] = []
        while found := claim_next(staff[number].agent, key_id=staff[number].key.pk, limit=limit):
            mine += [each.task_id for each in found]
        return mine

    results = together(*[lambda number=number: work(number) for number in range(workers)])
    assert not refusals(results), refusals(results)[:3]
    return [result for result in results if isinstance(result, list)]


def test_a_crowd_claims_each_task_once_and_leaves_none(plan: Plan) -> None:
    tasks = plan.add(*[f"T{number}" for number in range(150)])
    shares = _claim_until_empty(plan, 12)
    got = [pk for share in shares for pk in share]
    assert sorted(got) == [task.pk for task in tasks]
    assert Lease.objects.count() == Attempt.objects.count() == len(tasks)
    assert_sound()


def test_a_crowd_that_claims_in_batches_from_several_lanes_gets_each_task_once(plan: Plan) -> None:
    lanes = [["python"], ["sql"], [], ["writing"]]
    create_tasks(plan.project, [NewTask(f"T{n}", capabilities=lanes[n % 4], priority=n % 100) for n in range(160)], actor=plan.planner)
    got = [pk for share in _claim_until_empty(plan, 8, limit=7) for pk in share]
    assert len(got) == len(set(got)) == 160
    assert_sound()


@pytest.mark.chaos
def test_64_workers_claim_10_000_tasks(plan: Plan) -> None:
    count, workers = (10_000, 64) if settings.ON_POSTGRES else (3_000, 16)
    plan.add(*[f"T{number}" for number in range(count)])
    shares = _claim_until_empty(plan, workers)
    got = [pk for share in shares for pk in share]
    assert len(got) == len(set(got)) == count
    assert_sound()


def test_of_many_claims_of_one_task_exactly_one_wins_and_the_others_hear_who_holds_it(plan: Plan, rounds: int) -> None:
    staff = [make_worker(f"worker-{number}") for number in range(6)]
    for number in range(rounds):
        task = plan.task(f"T{number}")
        outcomes = together(*[lambda worker=worker, task=task: worker.claims(task) for worker in staff])
        lost = refusals(outcomes)
        assert len(lost) == len(staff) - 1
        assert all(isinstance(refusal, HeldByAnother) for refusal in lost), lost
    assert_sound()


def test_a_project_never_runs_more_than_its_limit(plan: Plan, rounds: int) -> None:
    edit_project(plan.project, {"max_running": 3}, actor=plan.planner)
    staff = [make_worker(f"worker-{number}") for number in range(6)]
    for _ in range(min(rounds, 100)):
        tasks = plan.add(*[f"T{number}" for number in range(6)])
        by_id = [lambda worker=worker, task=task: worker.claims(task) for worker, task in zip(staff[:3], tasks, strict=False)]
        outcomes = together(*by_id, *[worker.claim for worker in staff[3:]])
        assert all(isinstance(refusal, NotClaimable | WrongState | HeldByAnother) for refusal in refusals(outcomes))
        assert Lease.objects.count() == 3
        for hold in outcomes:
            if hold is not None and not isinstance(hold, BaseException):
                hold.completes()
        for task in tasks:
            if state_of(task) is State.QUEUED:
                plan.jared.claims(task).completes()
    assert_sound()


def test_a_pause_that_has_returned_is_never_overtaken_by_a_claim(plan: Plan, rounds: int) -> None:
    """pause ‖ claim ‖ complete, for projects and phases: what was claimed before goes on, nothing is claimed after."""

    def pause_and_claim(is_phase: bool) -> object:
        if is_phase:
            pause_phase(plan.phase, actor=plan.planner)
        else:
            pause_project(plan.project, actor=plan.planner)
        return plan.jared.claim()

    for number in range(rounds):
        running, _ = plan.add("Running", "Free")
        hold, is_phase = plan.jared.claims(running), bool(number % 2)
        paused, claimed, completed = together(lambda is_phase=is_phase: pause_and_claim(is_phase), plan.jean.claim, hold.completes)
        assert paused is None, f"claimed after the pause: {paused}"
        assert completed is State.DONE
        assert_sound()
        if is_phase:
            resume_phase(plan.phase, actor=plan.planner)
        else:
            resume_project(plan.project, actor=plan.planner)
        last = claimed or plan.jean.claims()
        assert not isinstance(last, BaseException)
        last.completes()


def test_a_claim_finds_the_tasks_behind_those_that_others_are_taking(plan: Plan) -> None:
    """While another transaction holds the head of every lane, what stands behind is claimable all the same."""
    heads = [*plan.add("A", capabilities=["python"], priority=1), *plan.add("B", capabilities=["sql"], priority=2)]
    behind = plan.task("C", capabilities=["python"], priority=90)
    if not settings.ON_POSTGRES:
        return  # SQLite has one writer: nobody can hold a row while another claims
    from django.db import transaction

    ready, done = threading.Event(), threading.Event()

    def hold_heads() -> None:
        try:
            with transaction.atomic():
                list(Task.objects.select_for_update().filter(pk__in=[task.pk for task in heads]))
                ready.set()
                done.wait(timeout=LONG)
        finally:
            connection.close()

    thread = threading.Thread(target=hold_heads)
    thread.start()
    assert ready.wait(timeout=LONG)
    try:
        assert plan.jared.claims().task == behind
    finally:
        done.set()
        thread.join()


def test_the_number_of_statements_of_a_claim_does_not_depend_on_the_queue(plan: Plan) -> None:
    plan.task("Alone")
    with CaptureQueriesContext(
        connection,
    ) as few:
        plan.jared.claims()
    plan.add(*[f"T{number}" for number in range(300)])
    with CaptureQueriesContext(connection) as many:
        plan.jared.claims()
    assert len(many) == len(few) <= 12, [query["sql"][:90] for query in many]


def _multiply(task: Task, count: int) -> None:
    """Copy the task's row until there are `count` of it."""
    columns = ", ".join(field.column for field in Task._meta.concrete_fields if not field.primary_key)
    made = 1
    with connection.cursor() as cursor:
        while made < count:
            more = min(made, count - made)
            cursor.execute(
                f"INSERT INTO coordination_task ({columns}) SELECT {columns} FROM coordination_task WHERE title = %s LIMIT %s",
                [task.title, more],
            )
            made += more


def _give_each_its_instructions() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM coordination_taskfile")
        cursor.execute(
            "INSERT INTO coordination_taskfile (task_id, path, content, size) SELECT id, 'instructions.md', %s, 12 FROM coordination_task",
            [b"Do it, well."],
        )


def test_a_claim_probes_indexes_and_never_walks_the_tasks_of_others(plan: Plan) -> None:
    """20,000 queued tasks, 99 % of them in lanes of others: the plan of no statement reads a table from end to end."""
    plan.task("Mine", capabilities=["python"])
    _multiply(plan.task("Not mine", capabilities=["cobol"]), 19_800)
    _multiply(plan.task("Mine too", capabilities=["python"]), 200)
    _give_each_its_instructions()
    asks = _Asks(plan.jared.agent, plan.jared.key.pk, Narrowing(), now())
    with connection.cursor() as cursor:
        if settings.ON_POSTGRES:
            cursor.execute("ANALYZE coordination_task, coordination_taskfile")
            cursor.execute("EXPLAIN (ANALYZE, FORMAT TEXT) " + LANES_WITH_WORK, asks.params)
            steps = [row[0] for row in cursor.fetchall()]
            assert not [step for step in steps if "Seq Scan on coordination_task" in step], "\n".join(steps)
        else:
            cursor.execute("EXPLAIN QUERY PLAN " + LANES_WITH_WORK, {name: str(value) for name, value in asks.params.items()})
            steps = [row[3] for row in cursor.fetchall()]
            assert not [step for step in steps if step.startswith("SCAN coordination_task")], "\n".join(steps)
        assert any("task_claim_order" in step for step in steps), "\n".join(steps)
    with CaptureQueriesContext(connection) as captured:
        assert len(_claim_step_by_step(plan.jared.agent, plan.jared.key.pk, Narrowing(), 2)) == 2
    if not settings.ON_POSTGRES:
        return
    take = next(query["sql"] for query in captured if "picked" in query["sql"])
    short_cut = {"agent": plan.jared.agent.pk, "key": plan.jared.key.pk, "name": "", "projects": None, "tiers": None, "capabilities": None}
    short_cuts = ((CLAIM_ONE, short_cut), (CLAIM_ONE_AS_BELIEVED, short_cut | {"as_of": ""}), (CLAIM_MANY, short_cut | {"limit": 50}))
    with connection.cursor() as cursor:
        for statement, params in ((take.replace("%", "%%"), None), *short_cuts):
            cursor.execute("EXPLAIN " + statement, params)
            steps = [row[0] for row in cursor.fetchall()]
            assert not [step for step in steps if "Seq Scan on coordination_task" in step], "\n".join(steps)
            assert any("task_claim_order" in step for step in steps), "\n".join(steps)
