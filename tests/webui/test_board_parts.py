"""The parts of the board: lanes, limits, what a person has folded, cards, moves, titles and bulk actions, as pages and as parts."""

import html
import json
import re
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import State
from coordination.models import Agent, ApiKey, Event, Fold, Phase, Project, Task, User
from coordination.operations import finish, tasks
from coordination.operations.creation import NewTask, create_task, create_tasks
from coordination.operations.phases import complete_phase, create_phase
from coordination.operations.report import Report
from tests.webui.conftest import signed_in, started
from tests.webui.test_board_page import MOST_QUERIES, make_many

PART = {"HX-Request": "true"}
BOARD = "/p/tally/"


def shown(client: Client, path: str = BOARD) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return html.unescape(response.content.decode())


def between(page: str, start: str, end: str) -> str:
    found = page[page.index(start) :]
    return found[: found.index(end)] if end in found else found


def said(client: Client, path: str, **fields: object) -> str:
    """Post as htmx does and return the sentence of the answer."""
    response = client.post(path, fields, headers=PART)
    assert response.status_code == 204, response.content
    trigger = response.headers["HX-Trigger"]
    return str(json.loads(trigger)["muster:said"]["sentence"]) if trigger.startswith("{") else ""


@pytest.fixture
def verify(project: Project, phase: Phase, ada: User) -> Phase:
    return create_phase(project, name="Verify", actor=ada.actor)


def test_a_card_says_what_its_attempts_cost_and_how_far_the_running_one_is(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    finish.fail(started(task, jared, key), Report(error="No.", cost_usd=Decimal("0.40")), retryable=False)
    tasks.requeue(task, actor=ada.actor)
    started(task, jared, key)
    task.attempts.filter(number=2).update(cost_usd=Decimal("1.25"), progress=30, progress_note="Reading")
    page = shown(signed_in(ada))
    card = between(page, f'id="card-{task.pk}"', "</li>")
    assert "$1.65" in card
    assert 'value="30"' in card
    assert "Attempt 2/3" in card
    assert '<span class="heart tone-running"><span class="pulse"></span>alive</span>' in card
    Agent.objects.update(silent_since=task.created_at)
    assert "silent" in between(shown(signed_in(ada)), f'id="card-{task.pk}"', "</li>")


def test_a_chip_on_a_card_narrows_the_filter_that_is_there(ada: User, project: Project, phase: Phase) -> None:
    create_task(project, NewTask(title="Code", phase=phase, capabilities=["python"], labels=["two words"]), actor=ada.actor)
    page = shown(signed_in(ada), f"{BOARD}?q=state:queued&lanes=phase")
    assert 'href="/p/tally/?q=state%3Aqueued+needs%3Apython&lanes=phase"' in page
    assert 'href="/p/tally/?q=state%3Aqueued+label%3A%22two+words%22&lanes=phase"' in page


def test_lanes_by_phase_hold_their_tasks_and_their_progress(
    ada: User, project: Project, phase: Phase, verify: Phase, task: Task, jared: Agent, key: ApiKey
) -> None:
    create_task(project, NewTask(title="Compare", phase=verify), actor=ada.actor)
    started(task, jared, key)
    page = shown(signed_in(ada), f"{BOARD}?lanes=phase")
    build = between(page, f'id="lane-phase-{phase.pk}"', "</section>")
    assert "Write the parser" in build
    assert "0 of 1 done" in build
    assert "Jared" in between(build, "lane-head", "lane-cells")
    assert "Compare" in between(page, f'id="lane-phase-{verify.pk}"', "</section>")
    assert "Compare" not in build


def test_lanes_by_agent_say_whose_a_task_is(ada: User, project: Project, phase: Phase, task: Task, jared: Agent, key: ApiKey) -> None:
    create_task(project, NewTask(title="For Jared", phase=phase, assigned_to=jared), actor=ada.actor)
    create_task(project, NewTask(title="For anybody", phase=phase), actor=ada.actor)
    finish.complete(started(task, jared, key), Report(result="Done."))
    page = shown(signed_in(ada), f"{BOARD}?lanes=agent")
    his = between(page, f'id="lane-agent-{jared.pk}"', "</section>")
    assert "Write the parser" in his
    assert "For Jared" in his
    assert "1 of 2 done" in his
    nobody = between(page, 'id="lane-agent-0"', "</section>")
    assert "For anybody" in nobody
    assert "For Jared" not in nobody


@pytest.mark.parametrize("query", ["", "?lanes=phase", "?lanes=agent", "?lanes=phase&q=-state:done", "?q=number"])
def test_no_way_to_look_at_it_takes_more_queries(
    pat: User,
    project: Project,
    phase: Phase,
    verify: Phase,
    task: Task,
    jared: Agent,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    query: str,
) -> None:
    make_many(project, phase, task, 200)
    make_many(project, verify, task, 200)
    client = signed_in(pat)
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get(f"{BOARD}{query}").status_code == 200


def test_more_lanes_are_shown_when_asked_for(ada: User, project: Project, phase: Phase) -> None:
    for number in range(11):
        create_phase(project, name=f"Stage {number}", actor=ada.actor)
    page = shown(signed_in(ada), f"{BOARD}?lanes=phase")
    assert page.count('class="lane"') == 8
    assert "Show more lanes (4 left)" in page
    assert shown(signed_in(ada), f"{BOARD}?lanes=phase&upto=16").count('class="lane"') == 12


def test_a_lanes_part_of_a_column_continues_too(ada: User, project: Project, phase: Phase, verify: Phase) -> None:
    create_tasks(project, [NewTask(title=f"Number {number}", phase=phase) for number in range(9)], actor=ada.actor)
    create_task(project, NewTask(title="Elsewhere", phase=verify), actor=ada.actor)
    client = signed_in(ada)
    page = shown(client, f"{BOARD}?lanes=phase")
    more = re.findall(r'hx-get="(/p/tally/columns/queued[^"]*)"', page)[0]
    assert f"lane=phase-{phase.pk}" in more
    rest = client.get(more, headers=PART).content.decode()
    assert rest.count("data-task=") == 3
    assert "Elsewhere" not in rest


def test_an_unknown_lane_is_named_as_gone(ada: User, project: Project, phase: Phase) -> None:
    for lane in ("phase-99999", "agent-x", "tribe-1", "phase-" + "9" * 40):
        assert signed_in(ada).get(f"{BOARD}columns/queued", {"lane": lane}).status_code == 404


def test_what_is_folded_is_remembered_for_one_person(ada: User, vera: User, project: Project, phase: Phase, task: Task) -> None:
    client = signed_in(vera)
    assert said(client, f"{BOARD}fold", part="queued", folded="1") == ""
    said(client, f"{BOARD}fold", part="queued", folded="1")
    said(client, f"{BOARD}fold", part=f"phase-{phase.pk}", folded="1")
    page = shown(client)
    assert "is-folded" in between(page, "<section", 'id="column-progress"')
    assert f'id="card-{task.pk}"' not in page
    assert 'class="lane is-folded"' in shown(client, f"{BOARD}?lanes=phase")
    assert f'id="card-{task.pk}"' in shown(signed_in(ada))
    answer = client.post(f"{BOARD}fold", {"part": "queued", "next": f"{BOARD}?lanes=agent"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{BOARD}?lanes=agent")
    assert f'id="card-{task.pk}"' in shown(client)
    assert client.post(f"{BOARD}fold", {"part": "<script>", "folded": "1"}).status_code == 422
    assert Fold.objects.count() == 1


def test_the_lane_of_a_completed_phase_is_folded_until_it_is_opened(
    pat: User, vera: User, project: Project, phase: Phase, verify: Phase, task: Task
) -> None:
    client, lanes = signed_in(vera), f"{BOARD}?lanes=phase"
    key, card = f"phase-{phase.pk}", f'id="card-{task.pk}"'
    Task.objects.update(state=State.DONE)
    assert card in shown(client, lanes)
    complete_phase(phase, actor=pat.actor)
    page = shown(client, lanes)
    assert card not in page
    assert "1 of 1 done" in between(page, f'id="lane-{key}"', "</section>")
    assert "is-folded" not in between(page, 'id="lane-phase-' + str(verify.pk), ">")
    assert card in shown(client, f"{lanes}&open={key},phase-{verify.pk}"), "it does not close before the eyes of whoever reads it"
    assert card in shown(client, f"{lanes}&q=state:done"), "what a filter found is shown"
    said(client, f"{BOARD}fold", part=key)
    assert card in shown(client, lanes)
    assert card not in shown(signed_in(pat), lanes)
    said(client, f"{BOARD}fold", part=key, folded="1")
    assert card not in shown(client, f"{lanes}&open={key}")
    assert Fold.objects.count() == 1


def test_the_links_of_a_refreshed_board_do_not_say_how_far_it_was_scrolled(pat: User, task: Task) -> None:
    tasks.edit_task(task, {"labels": ["parser"]}, actor=pat.actor)
    page = shown(signed_in(pat), f"{BOARD}?lanes=phase&open=phase-1&shown.queued=60&at.queued=45")
    assert 'href="/p/tally/?q=label%3Aparser&lanes=phase"' in page


def test_a_column_that_is_full_says_so(pat: User, vera: User, project: Project, phase: Phase, task: Task) -> None:
    client = signed_in(pat)
    assert said(client, f"{BOARD}limit", column="queued", limit="2") == "Queued may hold 2 tasks."
    assert "1/2" in between(shown(client), 'id="column-queued"', 'id="column-progress"')
    assert "is-full" not in shown(client)
    create_task(project, NewTask(title="Another"), actor=pat.actor)
    assert "is-full" in between(shown(client), 'id="column-queued"', 'id="column-progress"')
    assert "the limit is reached" in shown(client)
    assert Event.objects.filter(kind="project.edited").count() == 1
    said(client, f"{BOARD}limit", column="queued", limit="")
    project.refresh_from_db()
    assert project.wip_limits == {}
    assert signed_in(vera).post(f"{BOARD}limit", {"column": "queued", "limit": "1"}).status_code == 403


def test_quick_add_in_a_lane_puts_the_task_there(pat: User, project: Project, phase: Phase, verify: Phase, jared: Agent) -> None:
    client = signed_in(pat)
    said(client, f"{BOARD}quick-add", title="In Verify", lane=f"phase-{verify.pk}", q="label:api")
    made = Task.objects.get(title="In Verify")
    assert (made.phase, made.labels) == (verify, ["api"])
    said(client, f"{BOARD}quick-add", title="For Jared", lane=f"agent-{jared.pk}")
    assert Task.objects.get(title="For Jared").assigned_to == jared


def test_quick_add_says_when_the_filter_hides_what_was_added(pat: User, project: Project, phase: Phase) -> None:
    client = signed_in(pat)
    assert said(client, f"{BOARD}quick-add", title="A label", q="label:api state:queued").endswith("to Build.")
    assert "The filter hides it" in said(client, f"{BOARD}quick-add", title="No state", q="state:failed")


def test_a_move_works_from_its_page_without_scripts(pat: User, task: Task) -> None:
    client = signed_in(pat)
    page = shown(client, f"/t/{task.pk}/move")
    assert "<html" in page
    assert "Only an agent starts a task" in page
    assert 'name="step" value="top"' in page
    answer = client.post(f"/t/{task.pk}/moved", {"column": "failed"}, follow=True)
    assert answer.redirect_chain == [(BOARD, 302)]
    assert f"#{task.pk} is cancelled." in answer.content.decode()
    refused = client.post(f"/t/{task.pk}/moved", {"column": "done"})
    assert refused.status_code == 409
    assert "There is no result to accept" in refused.content.decode()
    assert client.post(f"/t/{task.pk}/moved", {"column": "limbo"}).status_code == 422


def test_the_move_menu_tells_a_drag_every_verb_and_refusal(pat: User, task: Task, phase: Phase, jared: Agent) -> None:
    part = signed_in(pat).get(f"/t/{task.pk}/move", headers=PART).content.decode()
    assert "<html" not in part
    told = re.findall(r'data-to="([^"]+)" data-verb="([^"]*)"', part)
    assert {to for to, _ in told} == {"waiting", "queued", "progress", "needs", "done", "failed"} | {
        f"phase-{phase.pk}",
        "agent-0",
        f"agent-{jared.pk}",
    }
    assert ("failed", "cancel") in told
    assert ("progress", "") in told


def test_a_card_dropped_in_the_queue_gets_a_priority(pat: User, project: Project, task: Task) -> None:
    urgent = create_task(project, NewTask(title="Urgent", priority=5), actor=pat.actor)
    sentence = said(signed_in(pat), f"/t/{task.pk}/moved", column="queued", below=urgent.pk)
    assert sentence.startswith(f"#{task.pk} has priority ")
    task.refresh_from_db()
    urgent.refresh_from_db()
    assert task.sort_key < urgent.sort_key


def test_a_move_can_be_undone_where_that_is_possible(pat: User, task: Task, phase: Phase, verify: Phase) -> None:
    client = signed_in(pat)
    path = f"/t/{task.pk}/moved"
    for fields, url in [({"lane": f"phase-{verify.pk}"}, path), ({"column": "failed"}, f"/t/{task.pk}/undo")]:
        told = json.loads(client.post(path, fields, headers=PART).headers["HX-Trigger"])["muster:said"]
        assert (told["undo"]["says"], told["undo"]["url"]) == ("Undo", url)
        assert client.post(told["undo"]["url"], told["undo"]["fields"], headers=PART).status_code == 204
        task.refresh_from_db()
        assert (task.phase, task.state) == (phase, State.QUEUED)


def test_nobody_but_a_planner_moves_or_renames(vera: User, stranger: User, task: Task) -> None:
    assert "Only planners of this project can move tasks." in shown(signed_in(vera), f"/t/{task.pk}/move")
    for path in ("moved", "titled"):
        assert signed_in(vera).post(f"/t/{task.pk}/{path}", {"column": "failed", "title": "No", "was": task.title}).status_code == 403
        assert signed_in(stranger).post(f"/t/{task.pk}/{path}", {"column": "failed"}).status_code == 404
    assert "card-pick" not in shown(signed_in(vera))


def test_a_title_is_saved_and_a_conflict_shows_both(pat: User, task: Task) -> None:
    client = signed_in(pat)
    assert 'value="Write the parser"' in client.get(f"/t/{task.pk}/title", headers=PART).content.decode()
    assert said(client, f"/t/{task.pk}/titled", title="Write the lexer", was="Write the parser") == f"#{task.pk} is renamed."
    conflict = client.post(f"/t/{task.pk}/titled", {"title": "Write the reader", "was": "Write the parser"}, headers=PART)
    assert conflict.status_code == 412
    page = conflict.content.decode()
    assert "Somebody renamed it meanwhile" in page
    assert "Write the lexer" in page
    assert 'value="Write the reader"' in page
    assert client.post(f"/t/{task.pk}/titled", {"title": "Mine", "was": "Old"}).status_code == 412
    said(client, f"/t/{task.pk}/titled", title="Write the reader", was="Write the lexer")
    task.refresh_from_db()
    assert task.title == "Write the reader"


def test_a_claim_meanwhile_is_no_conflict_of_titles(pat: User, task: Task, jared: Agent, key: ApiKey) -> None:
    started(task, jared, key)
    said(signed_in(pat), f"/t/{task.pk}/titled", title="New", was="Write the parser")
    task.refresh_from_db()
    assert (task.title, task.state) == ("New", State.RUNNING)


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"action": "priority", "priority": "10"}, {"priority": 10}),
        ({"action": "tier", "tier": "heavy"}, {"tier": "heavy"}),
        ({"action": "label", "labels": "api, urgent"}, {"labels": ["api", "one", "urgent"]}),
        ({"action": "unlabel", "labels": "one"}, {"labels": []}),
        ({"action": "cancel"}, {"state": "cancelled"}),
    ],
    ids=["priority", "tier", "label", "unlabel", "cancel"],
)
def test_many_tasks_are_changed_at_once(
    pat: User, project: Project, phase: Phase, fields: dict[str, str], found: dict[str, object]
) -> None:
    made = create_tasks(project, [NewTask(title=title, labels=["one"]) for title in ("First", "Second")], actor=pat.actor)
    sentence = said(signed_in(pat), f"{BOARD}bulk", task=[task.pk for task in made], **fields)
    assert sentence.startswith("2 tasks: ")
    for task in made:
        task.refresh_from_db()
        assert {name: getattr(task, name) for name in found} == found


def test_many_tasks_change_phase_and_agent(pat: User, project: Project, verify: Phase, task: Task, jared: Agent) -> None:
    client = signed_in(pat)
    said(client, f"{BOARD}bulk", task=[task.pk], action="phase", phase=verify.pk)
    assert said(client, f"{BOARD}bulk", task=[task.pk], action="assign", agent=jared.pk) == "1 task: assigned."
    task.refresh_from_db()
    assert (task.phase, task.assigned_to) == (verify, jared)
    assert said(client, f"{BOARD}bulk", task=[task.pk], action="assign", agent="") == "1 task: free for any agent."


def test_a_bulk_action_lists_what_was_refused_and_does_the_rest(pat: User, project: Project, task: Task, jared: Agent, key: ApiKey) -> None:
    done = create_task(project, NewTask(title="Over"), actor=pat.actor)
    finish.complete(started(done, jared, key), Report(result="Done."))
    client = signed_in(pat)
    answer = client.post(f"{BOARD}bulk", {"task": [task.pk, done.pk], "action": "cancel"}, headers=PART)
    assert answer.status_code == 200
    assert answer.headers["HX-Trigger"] == "muster:changed"
    page = answer.content.decode()
    assert "1 could not be changed" in page
    assert "It is done already." in page
    assert f"/t/{task.pk}/" not in page
    task.refresh_from_db()
    assert task.state == State.CANCELLED
    again = client.post(f"{BOARD}bulk", {"task": [done.pk], "action": "cancel"}).content.decode()
    assert "<html" in again
    assert "The task could not be changed." in again


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"action": "cancel"}, "Select at least one task first."),
        ({"action": "explode", "task": 1}, "Choose what to do"),
        ({"action": "priority", "task": 1}, "Choose a priority."),
        ({"action": "label", "task": 1, "labels": " , "}, "Write a label."),
        ({"action": "cancel", "task": list(range(1, 600))}, "At most 500 tasks"),
    ],
)
def test_a_bulk_action_that_makes_no_sense_is_refused(pat: User, task: Task, fields: dict[str, object], sentence: str) -> None:
    answer = signed_in(pat).post(f"{BOARD}bulk", fields, headers=PART)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_a_bulk_action_reaches_no_other_project(pat: User, ada: User, task: Task) -> None:
    from coordination.operations.projects import create_project

    other = create_project(slug="other", name="Other", actor=ada.actor)
    create_phase(other, name="Build", actor=ada.actor)
    foreign = create_task(other, NewTask(title="Foreign"), actor=ada.actor)
    signed_in(pat).post(f"{BOARD}bulk", {"task": [foreign.pk], "action": "cancel"}, headers=PART)
    foreign.refresh_from_db()
    assert foreign.state == State.QUEUED
