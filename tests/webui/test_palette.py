"""The palette: what a few words find, for whom, and that it stays cheap with many tasks."""

import re

from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, Phase, Project, Task, User
from coordination.operations.creation import NewTask, create_task
from coordination.operations.phases import create_phase
from coordination.operations.projects import create_project
from coordination.queries import palette
from coordination.queries.access import caller_of_user
from tests.webui.conftest import signed_in
from tests.webui.test_board_page import make_many

HTMX = {"HX-Request": "true"}
MOST_QUERIES = 12  # six of them to find things, the rest to know who asks and what waits for them


def found(user: User, text: str, project: str = "tally") -> str:
    return signed_in(user).get("/palette", {"q": text, "project": project}, headers=HTMX).content.decode()


def test_it_finds_tasks_phases_agents_files_projects_and_pages(ada: User, task: Task, jared: Agent) -> None:
    assert f'href="/t/{task.pk}/"' in found(ada, "pars write")
    assert "/p/tally/plan#phase-" in found(ada, "build")
    assert "<small>jared</small>" in found(ada, "jar")
    assert f'href="/t/{task.pk}/files/view?path=context%2Fnames.md"' in found(ada, "names")
    assert 'href="/p/tally/"' in found(ada, "tally")
    assert 'href="/p/tally/activity"' in found(ada, "events")


def test_a_number_finds_its_task_first(ada: User, project: Project, phase: Phase, task: Task) -> None:
    create_task(project, NewTask(title=f"Call {task.pk} people", phase=phase), actor=ada.actor)
    for text in (f"#{task.pk}", str(task.pk)):
        links = re.findall(r'href="/t/(\d+)/"', found(ada, text))
        assert links[0] == str(task.pk)


def test_the_project_at_hand_comes_first(ada: User, task: Task) -> None:
    other = create_project(slug="other", name="Other", actor=ada.actor)
    verse = create_phase(other, name="Verse", actor=ada.actor)
    create_task(other, NewTask(title="Write a poem", phase=verse), actor=ada.actor)
    titles = [each.title for each in palette.find("write", caller_of_user(ada), task.project).tasks]
    assert titles == ["Write the parser", "Write a poem"]


def test_nobody_finds_what_they_may_not_see(stranger: User, task: Task, jared: Agent) -> None:
    for text in ("parser", "build", "names", "tally", "jared", f"#{task.pk}"):
        page = found(stranger, text)
        assert "Nothing is called" in page, text


def test_wildcards_and_odd_letters_are_only_letters(ada: User, task: Task) -> None:
    for text in ("%", "_", "\\", "\0", "' OR 1=1 --", "#" * 50, "9" * 40, "w" * 5000):
        assert palette.find(text, caller_of_user(ada)).is_empty, text


def test_without_words_it_lists_where_one_can_go(ada: User, project: Project) -> None:
    page = signed_in(ada).get("/palette?project=tally").content.decode()
    assert "<title>Search · Muster</title>" in page
    assert 'href="/p/tally/plan"' in page
    assert "Theme" not in page


def test_many_tasks_take_no_more_queries(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_many(project, phase, task, 1_000)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/palette?q=number&project=tally", headers=HTMX).content.decode()
    assert page.count('href="/t/') == palette.TASKS


def test_the_theme_is_changed_from_it(ada: User) -> None:
    client = signed_in(ada)
    assert "Use the dark theme" in client.get("/palette?q=dark", headers=HTMX).content.decode()
    response = client.post("/account/theme", {"theme": "dark"}, headers=HTMX)
    assert '"muster:theme": {"theme": "dark"}' in response.headers["HX-Trigger"]
    ada.refresh_from_db()
    assert ada.theme == "dark"


def test_what_waits_for_a_person_is_counted_in_every_title(ada: User, pat: User, vera: User, task: Task, jared: Agent) -> None:
    Task.objects.filter(pk=task.pk).update(state="failed")
    for path in ("/", "/p/tally/", "/a/", "/account", "/p/tally/settings"):
        page = signed_in(ada).get(path).content.decode()
        assert "<title>(1) " in page, path
    assert 'data-needs="1"' in signed_in(pat).get("/needs").content.decode()
    assert 'data-needs=""' in signed_in(vera).get("/needs").content.decode()
