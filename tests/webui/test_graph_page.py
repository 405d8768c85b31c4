import re

import pytest
from pytest_django import DjangoAssertNumQueries

from coordination.lifecycle import DependencyKind
from coordination.models import Agent, ApiKey, Dependency, Phase, Project, Task, User
from coordination.operations import dependencies, finish
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.phases import create_phase
from coordination.operations.report import Report
from coordination.queries.graph import graph
from coordination.queries.graph_rows import Side, Wanted, neighbourhood
from tests.webui.conftest import signed_in, started
from tests.webui.test_board_page import MOST_QUERIES, make_many
from webui.text_width import width
from webui.words import OF_FEED, OF_NEED


@pytest.fixture
def chain(project: Project, phase: Phase, ada: User) -> list[Task]:
    """Parse, count and print after each other, and a manual beside them; then a phase that announces."""
    later = create_phase(project, name="Release", actor=ada.actor)
    news = [
        NewTask(title="Parse", phase=phase, ref="parse"),
        NewTask(title="Count", phase=phase, ref="count", needs=[Need("parse")]),
        NewTask(title="Print", phase=phase, ref="print", needs=[Need("count")]),
        NewTask(title="Manual", phase=phase, ref="manual"),
        NewTask(title="Announce", phase=later, ref="announce", needs=[Need("print", "finished")]),
    ]
    return create_tasks(project, news, actor=ada.actor)


def node(page: str, task: Task) -> str:
    found = re.search(rf'<a id="n{task.pk}" class="([^"]*)".*?</a>', page, re.DOTALL)
    assert found is not None
    return found[0]


def test_it_draws_each_task_as_a_link_with_its_state_in_words(ada: User, chain: list[Task]) -> None:
    page = signed_in(ada).get("/p/tally/graph").content.decode()
    drawn = node(page, chain[0])
    assert f"task={chain[0].pk}" in drawn
    assert "#circle-dashed" in drawn
    assert ">Queued</text>" in drawn
    assert f"<title>#{chain[0].pk} Parse, queued, on the critical path</title>" in drawn
    assert f'id="e{chain[0].pk}-{chain[1].pk}"' in page


def test_a_long_title_has_two_lines_in_its_node_and_is_whole_in_what_is_said(ada: User, task: Task) -> None:
    title = "Build the wheel and check it on a clean machine that has nothing else"
    Task.objects.filter(pk=task.pk).update(title=title)
    drawn = node(signed_in(ada).get("/p/tally/graph").content.decode(), task)
    lines = re.findall(r'<text class="title"[^>]*>([^<]*)<', drawn)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert f"<title>#{task.pk} {title}, " in drawn


def test_it_marks_the_critical_path_through_the_phases(ada: User, chain: list[Task]) -> None:
    page = signed_in(ada).get("/p/tally/graph").content.decode()
    assert ["is-critical" in node(page, task) for task in chain] == [True, True, True, False, True]
    assert "4 on the critical path" in page


def test_it_says_which_stuck_task_holds_up_the_others(ada: User, chain: list[Task], jared: Agent, key: ApiKey) -> None:
    finish.fail(started(chain[0], jared, key), Report(error="No."), retryable=False)
    page = signed_in(ada).get("/p/tally/graph").content.decode()
    assert f"held by #{chain[0].pk}" in node(page, chain[1]).lower()
    assert f"by #{chain[0].pk}</text>" in node(page, chain[1])  # a long number leaves no room for the first word
    assert "is-held" in node(page, chain[2])
    assert "is-held" not in node(page, chain[3])
    assert f"held by #{chain[0].pk}" in node(page, chain[4])


def test_edges_of_different_kinds_are_told_apart(ada: User, chain: list[Task]) -> None:
    page = signed_in(ada).get("/p/tally/graph").content.decode()
    assert re.search(rf'id="e{chain[2].pk}-{chain[4].pk}" class="edge of-finished', page)


def test_a_phase_collapses_into_one_node_and_opens_again(ada: User, chain: list[Task], phase: Phase) -> None:
    client = signed_in(ada)
    page = client.get(f"/p/tally/graph?collapsed={phase.pk}").content.decode()
    assert f'id="n{chain[0].pk}"' not in page
    assert f'id="e{-phase.pk}-{chain[4].pk}"' in page
    assert "0 of 4 done" in page
    assert re.search(rf'class="phase-node[^"]*" id="p{phase.pk}" href="\?"', page)


def test_collapsing_what_lies_between_leaves_out_edges_that_would_run_backwards(ada: User, project: Project, phase: Phase) -> None:
    other = create_phase(project, name="Aside", actor=ada.actor)
    news = [
        NewTask(title="First", phase=phase, ref="first"),
        NewTask(title="Between", phase=other, ref="between", needs=[Need("first")]),
        NewTask(title="Last", phase=phase, ref="last", needs=[Need("between")]),
        NewTask(title="Beside", phase=phase, needs=[Need("last")]),
    ]
    tasks = create_tasks(project, news, actor=ada.actor)
    Dependency.objects.create(project=project, task=tasks[2], on=tasks[0])
    found = graph(project, Wanted(collapsed=frozenset({other.pk})))
    assert {(edge.source, edge.target) for edge in found.edges} >= {(tasks[0].pk, tasks[2].pk), (tasks[2].pk, tasks[3].pk)}


@pytest.mark.parametrize(
    ("side", "depth", "names"), [("up", "", "Parse Count Print"), ("down", "", "Print Announce"), ("both", "1", "Count Print Announce")]
)
def test_it_shows_what_is_upstream_and_downstream_of_a_task(ada: User, chain: list[Task], side: str, depth: str, names: str) -> None:
    page = signed_in(ada).get(f"/p/tally/graph?around={chain[2].pk}&side={side}&depth={depth}").content.decode()
    shown = [task.title for task in chain if f'id="n{task.pk}"' in page]
    assert shown == names.split()


def test_a_neighbourhood_never_turns_back() -> None:
    edges = [(1, 2), (3, 2), (2, 4)]
    assert neighbourhood(1, edges, Side.BOTH, 9) == {1, 2, 4}
    assert neighbourhood(2, edges, Side.UP, 9) == {1, 2, 3}


def test_the_panel_of_a_task_adds_and_removes_dependencies_without_a_script(pat: User, chain: list[Task]) -> None:
    client = signed_in(pat)
    here = f"/p/tally/graph?task={chain[3].pk}"
    page = client.get(here).content.decode()
    assert f'action="/t/{chain[3].pk}/needs"' in page
    answer = client.post(f"/t/{chain[3].pk}/needs", {"on": f"#{chain[0].pk}", "kind": "success", "next": here})
    assert answer.headers["Location"] == here
    assert f'action="/t/{chain[3].pk}/needs/{chain[0].pk}/remove"' in client.get(here).content.decode()
    client.post(f"/t/{chain[3].pk}/needs/{chain[0].pk}/remove", {"next": here})
    assert not Dependency.objects.filter(task=chain[3]).exists()


def test_the_table_says_which_phase_a_task_without_dependencies_waits_for(ada: User, chain: list[Task]) -> None:
    alone = create_tasks(chain[0].project, [NewTask(title="Celebrate", phase=chain[-1].phase)], actor=ada.actor)[0]
    page = signed_in(ada).get("/p/tally/graph?as=table").content.decode()
    row = page[page.index(f'id="row-{alone.pk}"') :].partition("</tr>")[0]
    assert "<td><bdi>Build</bdi></td>" in row.replace("\n", "")


@pytest.mark.parametrize("kind", DependencyKind)
def test_every_page_says_how_a_dependency_waits_in_the_same_words(pat: User, chain: list[Task], kind: DependencyKind) -> None:
    client = signed_in(pat)
    parse, count = chain[:2]
    dependencies.change_dependency(count, parse, kind, actor=pat.actor)
    for path in (f"/p/tally/graph?task={parse.pk}", f"/t/{parse.pk}/"):
        assert f">{OF_FEED[kind]}</span>" in client.get(path).content.decode(), path
    waiting = client.get(f"/t/{count.pk}/").content.decode()
    assert f">{OF_NEED[kind]}</summary>" in waiting
    assert all(f">{told.removeprefix('to ')}</option>" in waiting for told in OF_NEED.values())
    assert f"</svg>waits for it {OF_NEED[kind]}</span>" in client.get("/p/tally/graph").content.decode()


def test_a_dependency_changes_its_kind_in_the_panel_in_its_own_panel_and_on_the_plan(pat: User, vera: User, chain: list[Task]) -> None:
    client = signed_in(pat)
    parse, count = chain[:2]
    verb = f"/t/{count.pk}/needs/{parse.pk}/kind"
    for path in (f"/p/tally/graph?task={count.pk}", f"/p/tally/graph?edge={parse.pk}-{count.pk}", f"/t/{count.pk}/waits"):
        page = client.get(path).content.decode()
        assert f'action="{verb}"' in page, path
        assert 'value="finished" type="submit">to end either way</button>' in page, path
        assert 'value="success" type="submit"' not in page, path
    here = f"/p/tally/graph?task={count.pk}"
    assert client.post(verb, {"kind": "finished", "next": here}).headers["Location"] == here
    page = client.get(here).content.decode()
    assert f"#{count.pk} waits for #{parse.pk} to end either way." in page
    assert ">to end either way</summary>" in page
    answer = client.post(verb, {"kind": "failure"}, headers={"HX-Request": "true"})
    assert '"fields": {"kind": ["finished"]}' in answer.headers["HX-Trigger"]
    Task.objects.filter(pk=count.pk).update(state="running")
    assert f'action="{verb}"' not in client.get(here).content.decode()
    refused = client.post(verb, {"kind": "success"}, headers={"HX-Request": "true"})
    assert (refused.status_code, refused.content.decode()) == (409, f"#{count.pk} is running; it cannot wait for anything any more.")
    assert signed_in(vera).post(verb, {"kind": "success"}).status_code == 403


def test_the_panel_never_offers_a_circle(pat: User, chain: list[Task]) -> None:
    page = signed_in(pat).get(f"/p/tally/graph?task={chain[1].pk}").content.decode()
    assert re.findall(r'<option value="#(\d+)">', page) == [str(chain[3].pk)]


def test_a_picked_edge_can_be_removed(pat: User, chain: list[Task]) -> None:
    page = signed_in(pat).get(f"/p/tally/graph?edge={chain[0].pk}-{chain[1].pk}").content.decode()
    assert f"#{chain[1].pk} waits for #{chain[0].pk}" in page
    assert f'action="/t/{chain[1].pk}/needs/{chain[0].pk}/remove"' in page


def test_a_viewer_sees_the_graph_but_draws_nothing(vera: User, chain: list[Task]) -> None:
    page = signed_in(vera).get(f"/p/tally/graph?task={chain[3].pk}").content.decode()
    assert "Manual" in page
    assert "draw-need" not in page
    assert f"/t/{chain[3].pk}/needs" not in page


def test_the_table_holds_the_same_facts(ada: User, chain: list[Task]) -> None:
    page = signed_in(ada).get("/p/tally/graph?as=table").content.decode()
    row = page[page.index(f'id="row-{chain[4].pk}"') :]
    row = " ".join(re.sub(r"<[^>]+>", " ", row[: row.index("</tr>")]).split())
    assert re.search(rf"Announce .*Waiting .*Release .*#{chain[2].pk} \(to end either way\) .*nothing .*yes .*nothing$", row)


def test_titles_are_shortened_and_never_markup(ada: User, project: Project, phase: Phase) -> None:
    title = "<script>alert(1)</script> " + "a word and another " * 8
    (task,) = create_tasks(project, [NewTask(title=title.strip(), phase=phase)], actor=ada.actor)
    drawn = node(signed_in(ada).get("/p/tally/graph").content.decode(), task)
    assert "<script>" not in drawn
    assert drawn.count('class="title"') == 2
    assert "…</text>" in drawn


def test_an_empty_project_says_what_to_do(ada: User, project: Project) -> None:
    assert "Add phases and tasks" in signed_in(ada).get("/p/tally/graph").content.decode()


@pytest.mark.parametrize("around", ["99999", "x", "0"])
def test_nonsense_in_the_address_breaks_nothing(ada: User, chain: list[Task], around: str) -> None:
    address = f"/p/tally/graph?around={around}&side=x&depth=x&collapsed=a,,9&task=x&edge=1-x&as=x"
    assert signed_in(ada).get(address).status_code in (200, 404)


@pytest.mark.parametrize("path", ["graph", "timeline", "grid"])
def test_a_stranger_finds_nothing(stranger: User, project: Project, path: str) -> None:
    assert signed_in(stranger).get(f"/p/tally/{path}").status_code == 404


def test_a_thousand_tasks_take_no_more_queries(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(project, phase, task, 1_000)
    ids = list(project.tasks.order_by("pk").values_list("pk", flat=True))
    Dependency.objects.bulk_create([Dependency(project=project, on_id=ids[n // 2], task_id=ids[n]) for n in range(1, len(ids))])
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get(f"/p/tally/graph?task={task.pk}").content.decode()
    assert page.count('class="node ') == 1_001
    with django_assert_max_num_queries(MOST_QUERIES):
        assert client.get("/p/tally/graph?as=table").content.decode().count('id="row-') == 1_001


def test_more_tasks_than_can_be_drawn_collapse_the_largest_phase(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(project, phase, task, 6_000)
    verify = create_phase(project, name="Verify", actor=ada.actor)
    (last,) = create_tasks(project, [NewTask(title="Last", phase=verify)], actor=ada.actor)
    dependencies.add_dependency(last, task, actor=ada.actor)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/graph").content.decode()
    assert page.count('class="node ') == 1
    assert "is collapsed: at most 1,500 tasks are drawn" in page
    page = client.get(f"/p/tally/graph?around={last.pk}").content.decode()
    assert page.count('class="node ') == 2


def test_a_long_name_of_a_phase_leaves_room_for_its_count(ada: User, phase: Phase, task: Task) -> None:
    Phase.objects.filter(pk=phase.pk).update(name="Supercalifragilisticexpialidocious")
    page = signed_in(ada).get("/p/tally/graph").content.decode()
    head = page[page.index(f'id="p{phase.pk}"') :].partition("</a>")[0]
    name, frame = re.search(r'class="name"[^>]*>([^<]*)<', head), re.search(r'<rect class="box" width="([\d.]+)"', head)
    assert name is not None
    assert frame is not None
    assert name[1].endswith("…")
    assert 34 + 14 * width(name[1]) < float(frame[1]) - 14 - 12 * width("0/1")


def test_the_form_of_one_task_is_no_form_of_another(pat: User, chain: list[Task]) -> None:
    """What is half typed in it outlives a refresh, and would otherwise be sent about the task that was picked since."""
    client = signed_in(pat)
    pages = [client.get(f"/p/tally/graph?task={task.pk}").content.decode() for task in chain[:2]]
    forms = [re.search(r'<form[^>]*hx-post="(/t/\d+/needs)"[^>]*id="(panel-need[^"]*)"', page) for page in pages]
    assert [found and found.groups() for found in forms] == [(f"/t/{task.pk}/needs", f"panel-need-{task.pk}") for task in chain[:2]]
    assert f"<h3>Make #{chain[1].pk} wait for another</h3>" in pages[1]
