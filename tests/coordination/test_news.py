"""What a stream tells a browser to draw again: the projects that something happened in, and no other's."""

import pytest

from coordination.hub import hub
from coordination.models import Event
from coordination.models.clock import now
from coordination.operations.messages import say
from coordination.queries.activity import latest_event_id
from coordination.queries.news import ALL, BATCH, News
from tests.factories import Plan, make_plan
from webui.views.live import _signals

pytestmark = pytest.mark.django_db(transaction=True)


def talk(plan: Plan) -> str:
    """Let something happen in a project, and return what a stream calls it."""
    say(plan.project, "News", actor=plan.ada.actor)
    return str(plan.project.pk)


def test_it_tells_the_projects_that_have_news_and_each_once() -> None:
    tally, relay = make_plan("tally"), make_plan("relay")
    news = News(None, latest_event_id())
    assert news.missed == set()
    assert {talk(tally), talk(relay), talk(tally)} == news.read()
    assert news.newest == latest_event_id()
    assert {talk(relay)} == news.read()


def test_it_begins_with_what_happened_since_the_page_was_read() -> None:
    tally = make_plan("tally")
    seen = latest_event_id()
    assert {talk(tally)} == News(None, seen).missed


def test_it_tells_nothing_of_a_project_that_its_reader_does_not_see() -> None:
    tally, relay = make_plan("tally"), make_plan("relay")
    seen = latest_event_id()
    talk(relay)
    news = News({tally.project.pk}, seen)
    assert news.missed == set()
    talk(relay)
    assert {talk(tally)} == news.read()
    talk(relay)
    assert news.read() == set()


def test_a_ring_for_nothing_that_is_found_is_no_news() -> None:
    tally = make_plan("tally")
    news = News({tally.project.pk}, latest_event_id())
    tally.jared.claims(tally.task())
    news.read()
    assert news.read() == set()


def test_more_than_it_counts_concerns_all() -> None:
    tally = make_plan("tally")
    news = News({tally.project.pk}, latest_event_id())
    Event.objects.bulk_create(Event(at=now(), kind="told", project=tally.project, actor_kind="system") for _ in range(BATCH))
    assert news.read() == {ALL}
    assert news.read() == set()


def test_a_stream_tells_what_happened_before_anything_could_ring() -> None:
    tally = make_plan("tally")
    news = News(None, latest_event_id())
    told = talk(tally)
    with hub.subscribe(lambda event: False) as nothing_rings:
        assert next(_signals(nothing_rings, news)).endswith(f"data: {latest_event_id()} {told}\n\n".encode())
    hub.rest()
