"""The lifecycle under every order of verbs: a Hypothesis state machine against a small model of what must be true."""

from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.db import transaction
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from coordination.errors import LeaseLost, MusterError
from coordination.lifecycle import FINISHED, LEASED, MAX_CRASHES, SATISFIED_BY, DependencyKind, PhaseState, State
from coordination.models import Event, LateResult, Task
from coordination.operations import finish, leases, messages, phases, projects, questions, reviews, tasks
from coordination.operations.creation import Need, NewTask, create_task
from coordination.operations.dependencies import add_dependency, remove_dependency
from coordination.operations.late import adopt
from coordination.operations.report import Report
from coordination.operations.sweep import sweep
from tests.factories import Hold, Plan, age, assert_sound, make_plan, swept_until_now

WORKERS = ("jared", "jean")


@dataclass
class Expected:
    """What the model knows of one task."""

    state: State
    fence: int = 0
    failures: int = 0
    crashes: int = 0
    cancel_requested: bool = False
    review: bool = False
    needs: dict[int, DependencyKind] = field(default_factory=dict)


class Lifecycle(RuleBasedStateMachine):
    """Verbs by two agents and a planner, with every token that was ever given, and time that passes."""

    holds = Bundle("holds")

    @initialize()
    def begin(self) -> None:
        self.savepoint = transaction.savepoint()
        swept_until_now()
        self.plan: Plan = make_plan(f"p{Event.objects.count()}-{Task.objects.count()}")
        self.model: dict[int, Expected] = {}
        self.paused = False
        self.fences: dict[int, int] = {}

    # The planner

    @rule(review=st.booleans(), needs=st.lists(st.tuples(st.integers(0, 50), st.sampled_from(DependencyKind)), max_size=2))
    def add(self, review: bool, needs: list[tuple[int, DependencyKind]]) -> None:
        known = sorted(self.model)
        chosen = {known[place % len(known)]: kind for place, kind in needs} if known else {}
        new = NewTask("T", needs=[Need(on, kind) for on, kind in chosen.items()], review_policy="required" if review else "none")
        task = create_task(self.plan.project, new, actor=self.plan.planner)
        self.model[task.pk] = Expected(State.WAITING, review=review, needs=chosen)
        self._settle(task.pk)

    @rule(data=st.data(), kind=st.sampled_from(DependencyKind))
    @precondition(lambda self: len(self.model) > 1)
    def join(self, data: st.DataObject, kind: DependencyKind) -> None:
        task, on = self._any(data), self._any(data)
        expected = self.model[task]
        may = expected.state in (State.WAITING, State.QUEUED, State.BLOCKED) and on not in expected.needs and not self._reaches(on, task)
        try:
            add_dependency(self._row(task), self._row(on), actor=self.plan.planner, kind=kind)
        except MusterError as refusal:
            _expect(not may, str(refusal))
            return
        _expect(may, "an edge that closes a circle, or that comes too late, was accepted")
        expected.needs[on] = kind
        self._settle(task)

    @rule(data=st.data())
    @precondition(lambda self: any(each.needs for each in self.model.values()))
    def part(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from([pk for pk, each in self.model.items() if each.needs]))
        on = data.draw(st.sampled_from(sorted(self.model[task].needs)))
        remove_dependency(self._row(task), self._row(on), actor=self.plan.planner)
        del self.model[task].needs[on]
        self._settle(task)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def cancel(self, data: st.DataObject) -> None:
        task = self._any(data)
        expected = self.model[task]
        if self._refused(expected.state in FINISHED, lambda: tasks.cancel(self._row(task), actor=self.plan.planner)):
            return
        if expected.state in LEASED:
            expected.cancel_requested = True
        else:
            self._enter(task, State.CANCELLED)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def requeue(self, data: st.DataObject) -> None:
        task = self._any(data)
        expected = self.model[task]
        if self._refused(expected.state not in FINISHED, lambda: tasks.requeue(self._row(task), actor=self.plan.planner)):
            return
        was_done = expected.state is State.DONE
        expected.failures = expected.crashes = 0
        self._enter(task, State.WAITING)
        if was_done:
            for other, each in self.model.items():
                if each.needs.get(task) is DependencyKind.FAILURE and each.state is State.CANCELLED and self.called_off.get(other) == task:
                    self._enter(other, State.WAITING)
        self._settle_all()

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def take_back(self, data: st.DataObject) -> None:
        task = self._any(data)
        expected = self.model[task]
        if self._refused(expected.state not in LEASED, lambda: tasks.take_back(self._row(task), actor=self.plan.planner, reason="Stuck.")):
            return
        self._end(task, State.WAITING)

    @rule(data=st.data())
    @precondition(lambda self: self.model)
    def answer(self, data: st.DataObject) -> None:
        task = self._any(data)
        if self._refused(
            self.model[task].state is not State.BLOCKED, lambda: questions.answer(self._row(task), "Yes.", actor=self.plan.planner)
        ):
            return
        self._enter(task, State.WAITING)
        self._settle(task)

    @rule(data=st.data(), well=st.booleans())
    @precondition(lambda self: self.model)
    def review(self, data: st.DataObject, well: bool) -> None:
        task = self._any(data)

        def verdict() -> object:
            if well:
                return reviews.approve(self._row(task), actor=self.plan.planner)
            return reviews.request_changes(self._row(task), actor=self.plan.planner, comments="Shorter.")

        if self._refused(self.model[task].state is not State.REVIEW, verdict):
            return
        self._enter(task, State.DONE if well else State.WAITING)
        self._settle_all() if well else self._settle(task)

    @rule()
    def pause_or_resume(self) -> None:
        verb = projects.resume_project if self.paused else projects.pause_project
        verb(self.plan.project, actor=self.plan.planner)
        self.paused = not self.paused
        self._settle_all()

    @rule()
    def advance(self) -> None:
        """What runs after every commit; it changes no task of this phase."""
        phases.advance(self.plan.phase.pk)
        self.plan.phase.refresh_from_db()

    # The agents

    @rule(target=holds, name=st.sampled_from(WORKERS))
    def claim(self, name: str) -> Hold | None:
        hold: Hold | None = getattr(self.plan, name).claim()
        if hold is None:
            assert self.paused or not [each for each in self.model.values() if each.state is State.QUEUED] or self._rests(name)
            return None
        assert self.model[hold.claimed.task_id].state is State.QUEUED
        assert not self.paused
        self._enter(hold.claimed.task_id, State.CLAIMED)
        self.model[hold.claimed.task_id].fence = hold.claimed.fence
        return hold

    @rule(hold=holds, verb=st.sampled_from(["start", "renew", "progress", "log"]))
    def work(self, hold: Hold | None, verb: str) -> None:
        if hold is None:
            return
        words = {
            "start": leases.start,
            "renew": leases.renew,
            "progress": lambda holder: leases.progress(holder, percent=10),
            "log": lambda holder: messages.log(holder, "On it."),
        }
        if not self._lost(hold, lambda: words[verb](hold.holder)) and verb == "start":
            self.model[hold.claimed.task_id].state = State.RUNNING

    @rule(hold=holds)
    def complete(self, hold: Hold | None) -> None:
        if hold is None or self._lost(hold, hold.completes):
            return
        expected = self.model[hold.claimed.task_id]
        expected.crashes = 0
        self._end(hold.claimed.task_id, State.REVIEW if expected.review else State.DONE, yields=False)

    @rule(hold=holds, retryable=st.booleans())
    def fail(self, hold: Hold | None, retryable: bool) -> None:
        if hold is None or self._lost(hold, lambda: finish.fail(hold.holder, Report(error="Broke."), retryable=retryable)):
            return
        expected = self.model[hold.claimed.task_id]
        expected.failures += 1
        expected.crashes = 0
        again = retryable and expected.failures < 3
        self._end(hold.claimed.task_id, State.WAITING if again else State.FAILED, delayed=True)

    @rule(hold=holds, verb=st.sampled_from(["release", "ask"]))
    def give_back(self, hold: Hold | None, verb: str) -> None:
        if hold is None:
            return
        say = {"release": lambda: leases.release(hold.holder, reason="Cannot."), "ask": lambda: finish.ask(hold.holder, "Which?")}
        if self._lost(hold, say[verb]):
            return
        self.model[hold.claimed.task_id].crashes = 0
        self._end(hold.claimed.task_id, State.WAITING if verb == "release" else State.BLOCKED)

    # Time and chance

    @rule()
    def two_thousand_seconds_pass(self) -> None:
        """Long enough for every lease, grace and retry delay."""
        age(2000)
        swept_until_now()
        sweep()
        for task, expected in self.model.items():
            if expected.state in LEASED:
                expected.crashes += 1
                self._end(task, State.FAILED if expected.crashes >= MAX_CRASHES else State.WAITING)
        self._settle_all(retries=True)

    @rule()
    def a_sweep_that_is_not_due_changes_nothing(self) -> None:
        swept_until_now()
        sweep()

    @rule()
    @precondition(lambda self: LateResult.objects.filter(adopted_at=None).exists())
    def adopt(self) -> None:
        late = LateResult.objects.filter(adopted_at=None).select_related("attempt").first()
        assert late is not None
        task = late.attempt.task_id
        may = task in self.model and self.model[task].state not in (State.DONE, State.CANCELLED)
        if not self._refused(not may, lambda: adopt(late, actor=self.plan.planner)):
            self.model[task].cancel_requested = False
            self._enter(task, State.DONE)
            self._settle_all()

    def teardown(self) -> None:
        """Leave the next example an empty database."""
        if hasattr(self, "savepoint"):
            transaction.savepoint_rollback(self.savepoint)

    # What must be true after every step

    @invariant()
    def the_database_agrees_with_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        rows = {task.pk: task for task in Task.objects.filter(pk__in=self.model)}
        for pk, expected in self.model.items():
            task = rows[pk]
            assert task.state == expected.state, f"#{pk} is {task.state}, the model says {expected.state}: {task.reason}"
            assert (task.failures, task.crashes) == (expected.failures, expected.crashes)
            assert task.fence >= self.fences.get(pk, 0), "a fence went back"
            self.fences[pk] = task.fence
            if expected.state is State.REVIEW or expected.state is State.DONE:
                assert task.attempts_made or task.reason.startswith("Late")
        if any(each.state not in (State.DONE, State.CANCELLED) for each in self.model.values()):
            self.plan.phase.refresh_from_db()
            assert self.plan.phase.state == PhaseState.ACTIVE

    @invariant()
    def the_invariants_hold(self) -> None:
        assert_sound()

    # The model's own rules

    def _any(self, data: st.DataObject) -> int:
        return data.draw(st.sampled_from(sorted(self.model)))

    def _row(self, pk: int) -> Task:
        return Task.objects.get(pk=pk)

    def _refused(self, expected: bool, verb: object) -> bool:
        try:
            verb()  # type: ignore[operator]
        except MusterError as refusal:
            _expect(expected, str(refusal))
            return True
        _expect(not expected, "a verb that the state does not allow was accepted")
        return False

    def _lost(self, hold: Hold, verb: object) -> bool:
        expected = self.model[hold.claimed.task_id]
        current = expected.state in LEASED and expected.fence == hold.claimed.fence
        try:
            verb()  # type: ignore[operator]
        except LeaseLost:
            _expect(not current, "a current lease was refused")
            return True
        _expect(current, "a lost lease was accepted")
        return False

    def _end(self, task: int, state: State, *, yields: bool = True, delayed: bool = False) -> None:
        expected = self.model[task]
        if expected.cancel_requested and yields:
            state = State.CANCELLED
        expected.cancel_requested = False
        self._enter(task, state)
        if state in (State.DONE, State.FAILED):
            self._settle_all()
        elif state is State.WAITING and not delayed:
            self._settle(task)
        elif delayed and state is State.WAITING:
            self.delayed.add(task)

    def _enter(self, task: int, state: State) -> None:
        self.model[task].state = state
        self.delayed.discard(task)
        if state is State.DONE:
            for other, each in self.model.items():
                if each.needs.get(task) is DependencyKind.FAILURE and each.state in (State.WAITING, State.QUEUED):
                    self._enter(other, State.CANCELLED)
                    self.called_off[other] = task

    def _settle(self, task: int, *, retries: bool = False) -> None:
        expected = self.model[task]
        if retries:
            self.delayed.discard(task)
        ready = not self.paused and task not in self.delayed and self._is_free(task)
        if expected.state is State.WAITING and ready:
            expected.state = State.QUEUED
        elif expected.state is State.QUEUED and not ready:
            expected.state = State.WAITING

    def _settle_all(self, *, retries: bool = False) -> None:
        for task in self.model:
            self._settle(task, retries=retries)

    def _is_free(self, task: int) -> bool:
        return all(self.model[on].state in SATISFIED_BY[kind] for on, kind in self.model[task].needs.items())

    def _reaches(self, start: int, goal: int) -> bool:
        return start == goal or any(self._reaches(on, goal) for on in self.model[start].needs)

    def _rests(self, name: str) -> bool:
        """Everything queued was handed back by this agent a moment ago."""
        agent = getattr(self.plan, name).agent
        queued = [pk for pk, each in self.model.items() if each.state is State.QUEUED]
        return all(Task.objects.get(pk=pk).attempts.filter(agent=agent, outcome="released").exists() for pk in queued)

    def __init__(self) -> None:
        super().__init__()
        self.delayed: set[int] = set()
        self.called_off: dict[int, int] = {}


def _expect(true: bool, otherwise: str) -> None:
    assert true, otherwise


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=examples < 100,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_no_order_of_verbs_breaks_the_lifecycle() -> None:
    _run(12, 30)


@pytest.mark.chaos
@pytest.mark.django_db
def test_no_long_order_of_verbs_breaks_the_lifecycle() -> None:
    _run(400 if settings.ON_POSTGRES else 1000, 50)
