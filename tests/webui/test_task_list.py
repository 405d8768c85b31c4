"""The List layout: the same filter, as rows that are sorted, grouped and paged."""

import html
import re
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Lower
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, ApiKey, Phase, Project, Task, User
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.phases import create_phase
from tests.webui.conftest import signed_in, started
from tests.webui.test_board_page import MOST_QUERIES, make_many

LIST = "/p/tally/list"


@pytest.fixture
def tasks(project: Project, phase: Phase, ada: User) -> list[Task]:
    verify = create_phase(project, name="Verify", actor=ada.actor)
    new = [
        NewTask(title="beta", phase=verify, priority=5, labels=["api"]),
        NewTask(title="Alpha", phase=phase, tier="heavy"),
        NewTask(title="gamma", phase=phase, priority=90, tier="light"),
    ]
    return create_tasks(project, new, actor=ada.actor)


def rows(client: Client, **params: Any) -> list[str]:
    """Return the titles in their order, and the heads of groups in brackets."""
    page = client.get(LIST, params).content.decode()
    found = re.findall(
        r'scope="rowgroup">.*?<bdi>(.*?)</bdi> <span class="figure">(.*?)<|scope="row" class="is-title">.*?<bdi>(.*?)</bdi>', page, re.S
    )
    return [title or f"[{group} {count}]" for group, count, title in found]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, ["beta", "Alpha", "gamma"]),
        ({"sort": "-id"}, ["gamma", "Alpha", "beta"]),
        ({"sort": "title"}, ["Alpha", "beta", "gamma"]),
        ({"sort": "priority"}, ["beta", "Alpha", "gamma"]),
        ({"sort": "-tier"}, ["Alpha", "beta", "gamma"]),
        ({"sort": "nothing"}, ["beta", "Alpha", "gamma"]),
        ({"sort": "-title", "group": "phase"}, ["[Build 2]", "gamma", "Alpha", "[Verify 1]", "beta"]),
        ({"group": "agent"}, ["[No agent yet 3]", "beta", "Alpha", "gamma"]),
        ({"q": "phase:Build", "sort": "title"}, ["Alpha", "gamma"]),
        ({"q": "label:api"}, ["beta"]),
    ],
)
def test_rows_are_filtered_sorted_and_grouped(vera: User, tasks: list[Task], params: dict[str, str], found: list[str]) -> None:
    assert rows(signed_in(vera), **params) == found


def test_a_row_tells_who_works_on_it(vera: User, tasks: list[Task], jared: Agent, key: ApiKey) -> None:
    started(tasks[1], jared, key)
    page = signed_in(vera).get(LIST, {"group": "agent"}).content.decode()
    assert re.search(r"<bdi>Jared</bdi> <span class=\"figure\">1<", page)
    assert '<span class="pulse tone-running"></span><bdi>Jared</bdi></span>' in page
    assert '1<span class="muted">/3</span>' in page


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"sort": "-title"},
        {"sort": "-age", "group": "state"},
        {"sort": "attempts", "group": "phase"},
        {"sort": "-agent"},
        {"sort": "-agent", "group": "agent"},
    ],
)
def test_pages_follow_each_other_without_a_gap(
    vera: User, project: Project, phase: Phase, task: Task, params: dict[str, str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(project, phase, task, 119)
    for number, name in enumerate(["", "jared", "jean"]):
        Task.objects.annotate(third=F("pk") % 3).filter(third=number).update(last_agent=name)
    client, seen, address, places = signed_in(vera), [], LIST, []
    wanted: dict[str, str] | None = params
    while address:
        with django_assert_max_num_queries(MOST_QUERIES):
            page = html.unescape(client.get(address, wanted).content.decode())
        seen += re.findall(r'id="row-(\d+)"', page)
        places += re.findall(r"(\d+–\d+) of 120", page)
        following = re.search(r'href="([^"]*)" rel="next"', page)
        address, wanted = following[1] if following else "", None
    assert places == ["1–50", "51–100", "101–120"]
    assert len(seen) == len(set(seen)) == 120


def test_a_cursor_of_another_order_begins_at_the_start(vera: User, project: Project, phase: Phase, task: Task) -> None:
    make_many(project, phase, task, 60)
    client = signed_in(vera)
    page = html.unescape(client.get(LIST, {"sort": "title"}).content.decode())
    cursor = re.search(r"cursor=([^\"&]+)", page)
    assert cursor
    for params in ({"sort": "-title", "cursor": cursor[1]}, {"cursor": "nonsense"}):
        assert "1–50 of 61" in client.get(LIST, params).content.decode()


def test_ten_thousand_tasks_are_one_page_of_fifty(vera: User, project: Project, phase: Phase, task: Task) -> None:
    make_many(project, phase, task, 3_000)
    page = signed_in(vera).get(LIST, {"group": "state", "q": "-state:done"})
    assert page.content.count(b'id="row-') == 50
    assert len(page.content) < 200_000


def test_an_empty_list_says_what_made_it_so(vera: User, pat: User, project: Project, phase: Phase) -> None:
    client = signed_in(vera)
    assert "No tasks yet" in client.get(LIST).content.decode()
    page = client.get(LIST, {"q": "label:api", "group": "state"}).content.decode()
    assert "No task matches the filter" in page
    assert f'<a href="{LIST}?group=state">clear the filter</a>' in page
    assert "cannot be read" in client.get(LIST, {"q": "state:x"}).content.decode()


def test_planners_select_rows_and_viewers_do_not(vera: User, pat: User, tasks: list[Task]) -> None:
    box = f'<input type="checkbox" name="task" value="{tasks[0].pk}" form="bulk"'
    assert box in signed_in(pat).get(LIST).content.decode()
    assert box not in signed_in(vera).get(LIST).content.decode()


def test_a_click_on_a_label_filters_by_it(vera: User, tasks: list[Task]) -> None:
    page = html.unescape(signed_in(vera).get(LIST, {"q": "state:waiting,queued", "sort": "title"}).content.decode())
    assert f"{LIST}?q=state%3Awaiting%2Cqueued+label%3Aapi&sort=title" in page


def test_a_stranger_finds_no_list(stranger: User, project: Project) -> None:
    assert signed_in(stranger).get(LIST).status_code == 404


def test_a_refresh_is_the_rows_alone(vera: User, tasks: list[Task]) -> None:
    part = signed_in(vera).get(LIST, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "filter" not in part
    assert "Alpha" in part


@pytest.mark.parametrize(
    "params", [{"group": "phase"}, {"group": "phase", "sort": "-title"}, {"group": "phase", "sort": "-phase"}, {"sort": "-phase"}]
)
def test_pages_by_phase_go_through_short_and_long_phases_in_their_order(
    vera: User,
    ada: User,
    project: Project,
    phase: Phase,
    task: Task,
    params: dict[str, str],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    others = [create_phase(project, name=f"P{number}", actor=ada.actor) for number in range(9)]
    make_many(project, phase, task, 179)
    # Backwards, so that the order of phases is not that of their ids; the last has none of the tasks.
    for place, each in enumerate([*reversed(others), phase], start=1):
        Phase.objects.filter(pk=each.pk).update(position=place)
    for number, each in enumerate([others[8], *[others[7]] * 2, *others[1:7], *[others[2]] * 60, *[others[4]] * 40]):
        Task.objects.filter(pk=task.pk + number).update(phase=each)
    client, seen, address = signed_in(vera), [], LIST
    wanted: dict[str, str] | None = params
    while address:
        with django_assert_max_num_queries(MOST_QUERIES):
            page = html.unescape(client.get(address, wanted).content.decode())
        seen += [int(pk) for pk in re.findall(r'id="row-(\d+)"', page)]
        following = re.search(r'href="([^"]*)" rel="next"', page)
        address, wanted = following[1] if following else "", None
    sign = "-" if params.get("sort", "").startswith("-") else ""
    within = (Lower("title").desc(), "-pk") if "title" in params.get("sort", "") else (f"{sign}pk",)
    first = "phase__position" if "group" in params else f"{sign}phase__position"
    assert seen == list(project.tasks.order_by(first, *within).values_list("pk", flat=True))


def test_all_that_match_can_be_selected_unless_they_are_too_many(
    pat: User, vera: User, project: Project, phase: Phase, tasks: list[Task]
) -> None:
    client = signed_in(pat)
    page = html.unescape(client.get(LIST, {"q": "phase:Build", "sort": "title"}).content.decode())
    assert 'data-total="2"' in page
    address = re.search(r'data-picks-all="([^"]*)"', page)
    assert address
    assert client.get(address[1]).json() == {"tasks": [tasks[1].pk, tasks[2].pk]}
    assert client.get(f"{LIST}/ids", {"q": "state:x"}).json() == {"tasks": []}
    assert signed_in(vera).get(f"{LIST}/ids").status_code == 403
    make_many(project, phase, tasks[0], 500)
    refused = client.get(f"{LIST}/ids", headers={"HX-Request": "true"})
    assert (refused.status_code, refused.content.decode()[:26]) == (422, "More than 500 tasks match,")
