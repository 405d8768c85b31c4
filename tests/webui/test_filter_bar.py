"""The filter bar: one address, the same on every layout, and never a lost word."""

import html
import re

import pytest
from django.test import Client

from coordination.models import Phase, Project, Task, User
from coordination.operations.creation import NewTask, create_task, create_tasks
from coordination.operations.phases import create_phase
from tests.webui.conftest import signed_in


@pytest.fixture
def tasks(project: Project, phase: Phase, ada: User) -> list[Task]:
    verify = create_phase(project, name="Verify it", actor=ada.actor)
    new = [
        NewTask(title="Write the parser", phase=phase, labels=["api", "two words"], kind="code"),
        NewTask(title="Compare the figures", phase=verify, priority=5, capabilities=["python"]),
        NewTask(title="Draw the logo", phase=phase, tier="heavy"),
    ]
    return create_tasks(project, new, actor=ada.actor)


def shown(client: Client, path: str, q: str, **params: str) -> str:
    response = client.get(path, {"q": q, **params})
    assert response.status_code == 200
    return response.content.decode()


def titles(page: str) -> set[str]:
    return {title for title in ("parser", "figures", "logo") if f"the {title}</bdi>" in page}


BOARD = "/p/tally/"


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("", {"parser", "figures", "logo"}),
        ("label:api", {"parser"}),
        ("-phase:Build", {"figures"}),
        ("the -parser -tier:heavy", {"figures"}),
    ],
)
def test_the_board_shows_what_matches(vera: User, tasks: list[Task], q: str, found: set[str]) -> None:
    assert titles(shown(signed_in(vera), BOARD, q)) == found


def test_every_term_is_a_chip_that_can_be_taken_out(vera: User, tasks: list[Task], phase: Phase) -> None:
    page = shown(signed_in(vera), BOARD, f'phase:{phase.pk} label:"two words" parser', group="state")
    removals = dict(
        re.findall(r'href="([^"]*)" aria-label="Remove ([^"]*)"', html.unescape(page).replace('label:"two words"', "label:two"))
    )
    assert set(removals.values()) == {f"phase:{phase.pk}", "label:two", "parser"}
    assert f"/p/tally/?q=phase%3A{phase.pk}+label%3A%22two+words%22&group=state" in removals
    assert "<bdi>Build</bdi>" in page  # a phase is shown by its name
    assert 'href="/p/tally/?group=state">Clear all' in page


def test_a_mistake_is_said_and_what_was_typed_is_kept(vera: User, tasks: list[Task]) -> None:
    page = html.unescape(shown(signed_in(vera), BOARD, "stat:queued parser"))
    assert 'value="stat:queued parser"' in page
    assert "did you mean 'state'?" in page
    assert 'aria-invalid="true"' in page
    assert titles(page) == set()


def test_an_address_of_before_there_were_filters_still_works(vera: User, tasks: list[Task], phase: Phase) -> None:
    page = signed_in(vera).get(BOARD, {"phase": phase.pk}).content.decode()
    assert titles(page) == {"parser", "logo"}
    assert f'value="phase:{phase.pk}"' in page


def suggested(client: Client, text: str, at: int | None = None) -> list[str]:
    answer = client.get("/p/tally/filter/suggestions", {"q": text, "at": len(text) if at is None else at})
    return [html.unescape(found) for found in re.findall(r'data-text="([^"]*)"', answer.content.decode())]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "state:"),
        ("sta", "state:"),
        ("state:que", "state:queued "),
        ("state:queued,fa", "state:queued,failed "),
        ("label:a", "label:api "),
        ("label:api,wor", 'label:api,"two words" '),
        ("-label:tw", '-label:"two words" '),
        ('phase:"veri', 'phase:"Verify it" '),
        ("x phase:@ac", "x phase:@active "),
        ("needs:", "needs:python "),
        ("kind:", "kind:code "),
        ("by:a", "by:@agents "),
        ("by:ada", "by:ada "),
        ("agent:", "agent:@none "),
        ("updated:", "updated:>2d "),
        ("queu", "state:queued "),
    ],
)
def test_what_could_be_typed_next_is_suggested(vera: User, tasks: list[Task], text: str, first: str) -> None:
    assert suggested(signed_in(vera), text)[0] == first


def test_a_suggestion_stands_where_the_caret_is(vera: User, tasks: list[Task]) -> None:
    client = signed_in(vera)
    assert suggested(client, "sta parser", at=3)[0] == "state: parser"
    assert suggested(client, "parent:logo") == [f"parent:{tasks[2].pk} "]
    assert suggested(client, "nothing:x") == suggested(client, "unheard") == []


def test_nobody_is_suggested_the_agent_that_they_are_not(vera: User, tasks: list[Task]) -> None:
    client = signed_in(vera)
    offered = [each for text in ("agent:", "assigned:", "by:", "@m", "agent:@") for each in suggested(client, text)]
    assert [each for each in offered if "@me" in each] == ["by:@me ", "by:@me "]


def test_a_stranger_is_suggested_nothing(stranger: User, tasks: list[Task]) -> None:
    assert signed_in(stranger).get("/p/tally/filter/suggestions", {"q": "label:"}).status_code == 404


def test_quick_add_refuses_a_filter_that_cannot_be_read(pat: User, project: Project, phase: Phase) -> None:
    assert signed_in(pat).post("/p/tally/quick-add", {"title": "One", "q": "stat:x"}).status_code == 422
    assert not Task.objects.exists()


def test_a_task_is_found_by_the_words_it_was_given(vera: User, tasks: list[Task], project: Project, ada: User) -> None:
    create_task(project, NewTask(title='Odd \\ "title" 100%'), actor=ada.actor)
    page = shown(signed_in(vera), BOARD, '"100%"')
    assert "Odd" in page
    assert titles(page) == set()
