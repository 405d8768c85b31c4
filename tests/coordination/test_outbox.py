"""Delivery of events: at least once, in order, to those who asked, and off when nobody answers (P16)."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from coordination.actor import SYSTEM
from coordination.models import Event, Project, Webhook
from coordination.models.clock import now
from coordination.operations.events import record
from coordination.operations.outbox import Channel, Delivery, DeliveryError, DeliveryReport
from coordination.operations.outbox import deliver_due as deliver
from coordination.operations.webhooks import create_webhook
from tests.worker.cast import let_log_settle, make_project

pytestmark = pytest.mark.django_db(transaction=True)


class Ears:
    """A channel that remembers, and refuses what it is told to."""

    def __init__(self, *refusals: DeliveryError) -> None:
        self.heard: list[Delivery] = []
        self.refusals = list(refusals)

    def send(self, delivery: Delivery) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.heard.append(delivery)

    @property
    def kinds(self) -> list[str]:
        return [delivery.kind for delivery in self.heard]


def hook_for(project: Project | None = None, *kinds: str) -> Webhook:
    return create_webhook(url="https://hooks.example.org/", actor=SYSTEM, project=project, kinds=kinds)[0]


def tell(*kinds: str, project: Project | None = None) -> None:
    for kind in kinds:
        record(kind, actor=SYSTEM, project=project)


def deliver_due(channel: Channel) -> DeliveryReport:
    let_log_settle()
    return deliver(channel)


def due_now() -> None:
    Webhook.objects.update(next_try_at=now() - timedelta(seconds=1))


def test_events_arrive_once_and_in_order() -> None:
    project = make_project()
    hook_for(project, "task.*")
    tell(*[f"task.n{number}" for number in "abcdefghij"], project=project)
    ears = Ears()
    report = deliver_due(ears)
    assert ears.kinds == [f"task.n{number}" for number in "abcdefghij"]
    assert report.delivered == 10
    assert deliver_due(ears).delivered == 0


def test_what_happened_before_the_webhook_was_made_is_not_sent() -> None:
    project = make_project()
    tell("task.done", project=project)
    hook_for(project, "task.done")
    ears = Ears()
    deliver_due(ears)
    assert not ears.heard


def test_only_what_was_asked_for_arrives() -> None:
    project, other = make_project(), make_project()
    hook_for(project, "task.done", "phase.*")
    tell("task.done", "task.failed", "phase.started", "message.posted", project=project)
    tell("task.done", project=other)
    tell("task.done")
    ears = Ears()
    deliver_due(ears)
    assert ears.kinds == ["task.done", "phase.started"]


def test_a_webhook_without_a_project_hears_of_all_projects() -> None:
    hook_for(None, "task.done")
    tell("task.done", project=make_project())
    tell("task.done", project=make_project())
    ears = Ears()
    deliver_due(ears)
    assert len(ears.heard) == 2


def test_the_cursor_passes_what_was_not_asked_for() -> None:
    project = make_project()
    hook = hook_for(project, "task.done")
    tell("task.failed", "task.failed", project=project)
    deliver_due(Ears())
    hook.refresh_from_db()
    assert hook.cursor_id == Event.objects.order_by("txid", "id").last().pk
    assert hook.busy_until is None


def test_a_refused_event_holds_back_those_behind_it_and_is_tried_again_later() -> None:
    project = make_project()
    hook = hook_for(project, "task.*")
    tell("task.a", "task.b", project=project)
    ears = Ears(DeliveryError("The receiver answered 500."))
    before = now()
    assert deliver_due(ears).failed == 1
    hook.refresh_from_db()
    assert (hook.failures, hook.last_error) == (1, "The receiver answered 500.")
    assert hook.next_try_at is not None
    assert hook.next_try_at - before > timedelta(seconds=3)
    assert hook.next_try_at - now() < timedelta(seconds=7)
    Webhook.objects.filter(pk=hook.pk).update(next_try_at=now() + timedelta(minutes=5))
    assert deliver_due(ears).delivered == 0, "it is not due yet"
    due_now()
    deliver_due(ears)
    assert ears.kinds == ["task.a", "task.b"]
    hook.refresh_from_db()
    assert (hook.failures, hook.failing_since, hook.last_error) == (0, None, "")


def test_the_pauses_grow_to_ten_hours() -> None:
    hook = hook_for(None, "task.*")
    tell("task.a")
    pauses = []
    for _ in range(9):
        due_now()
        deliver_due(Ears(DeliveryError("no")))
        hook.refresh_from_db()
        assert hook.next_try_at is not None
        pauses.append((hook.next_try_at - now()).total_seconds())
    assert pauses[:7] == sorted(pauses[:7])
    assert 8 * 3600 <= pauses[-1] <= 12 * 3600


def test_one_that_is_gone_is_switched_off_at_once_and_that_is_told() -> None:
    project = make_project()
    hook = hook_for(project, "task.*")
    tell("task.a", project=project)
    assert deliver_due(Ears(DeliveryError("410", gone=True))).disabled == 1
    hook.refresh_from_db()
    assert not hook.enabled
    event = Event.objects.get(kind="webhook.disabled")
    assert (event.project_id, event.data["webhook"]) == (project.pk, hook.pk)
    assert deliver_due(Ears()).delivered == 0


def test_one_that_fails_for_75_hours_is_switched_off() -> None:
    hook = hook_for(None, "task.*")
    tell("task.a")
    for hours, enabled in ((74, True), (76, False)):
        Webhook.objects.update(failing_since=now() - timedelta(hours=hours), failures=20, next_try_at=None)
        deliver_due(Ears(DeliveryError("no answer")))
        hook.refresh_from_db()
        assert hook.enabled is enabled


def test_a_dead_address_does_not_keep_others_waiting() -> None:
    hook_for(None, "task.*")
    living = create_webhook(url="https://living.example.org/", actor=SYSTEM, kinds=["task.*"])[0]
    tell("task.a", "task.b")
    ears = Ears()
    refuse = ears.send

    def send(delivery: Delivery) -> None:
        if delivery.url != living.url:
            raise DeliveryError("no")
        refuse(delivery)

    ears.send = send  # type: ignore[method-assign]
    report = deliver_due(ears)
    assert (report.delivered, report.failed) == (2, 1)


def test_two_consumers_send_each_event_once_and_in_order() -> None:
    hook_for(None, "task.*")
    names = [f"task.n{chr(97 + number)}" for number in range(26)]
    tell(*names)
    ears = Ears()
    start = threading.Barrier(2)

    def consume() -> None:
        start.wait()
        deliver_due(ears)
        connection.close()

    threads = [threading.Thread(target=consume) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ears.kinds == names


def test_a_consumer_that_dies_between_sending_and_noting_sends_that_one_again() -> None:
    hook = hook_for(None, "task.*")
    tell("task.a", "task.b")

    class Dies(Ears):
        def send(self, delivery: Delivery) -> None:
            super().send(delivery)
            raise KeyboardInterrupt

    dying, ears = Dies(), Ears()
    with pytest.raises(KeyboardInterrupt):
        deliver_due(dying)
    assert deliver_due(ears).delivered == 0, "the dead one's claim holds for a moment"
    Webhook.objects.filter(pk=hook.pk).update(busy_until=now() - timedelta(seconds=1))
    deliver_due(ears)
    assert dying.kinds == ["task.a"]
    assert ears.kinds == ["task.a", "task.b"]
