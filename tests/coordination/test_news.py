"""What a stream tells a browser to draw again: the projects that something happened in, and no other's."""

import pytest

from coordination.operations.messages import say
from coordination.queries.activity import latest_event_id
from coordination.queries.news import ALL, News
from tests.factories import Plan, make_plan

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


def test_a_ring_for_nothing_that_is_found_concerns_all() -> None:
    tally = make_plan("tally")
    news = News({tally.project.pk}, latest_event_id())
    tally.jared.claims(tally.task())
    news.read()
    assert news.read() == {ALL}
