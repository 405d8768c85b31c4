"""The agents: the table, one agent's page, its keys and heartbeats, and the banner of starving work."""

import re
from datetime import timedelta

import pytest
from django.db.models import F
from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, AgentHour, ApiKey, Attempt, Message, Phase, Project, Role, Scope, Task, User
from coordination.models.clock import now
from coordination.operations import agents, finish, keys, messages, phases, projects
from coordination.operations.creation import NewTask, create_task, create_tasks
from coordination.operations.report import Report
from coordination.operations.retention import forget_old
from coordination.operations.tasks import assign
from coordination.queries.access import caller_of_key
from coordination.queries.agents_page import heartbeats
from coordination.queries.starved import starved
from tests.webui.conftest import member, signed_in, started

MOST_QUERIES = 15
SERVER = "https://muster.example.org"


def test_agents_stand_in_groups_with_what_they_do_and_how_they_did(
    ada: User, task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    other = create_task(task.project, NewTask(title="Fails", phase=task.phase), actor=ada.actor)
    finish.fail(started(other, jared, key), Report(error="No"), retryable=False)
    started(task, jared, key)
    for number in range(12):
        agents.register(name=f"worker-{number}", capabilities=["python"], key=key, actor=key.actor)
    Agent.objects.filter(name="worker-3").update(silent_since=now())
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/a/").content.decode()
    assert page.index("Active") < page.index("Idle") < page.index("Silent")
    row = page[page.index('href="/a/jared/"') :].split("</tr>")[0]
    assert f"#{task.pk}" in row
    assert "100 %" in row


def test_who_has_no_agents_is_led_to_a_project_or_to_its_keys(ada: User) -> None:
    page = signed_in(ada).get("/a/").content.decode()
    assert '<a href="/">make a project</a> first' in page
    project = projects.create_project(slug="tally", name="Tally", actor=ada.actor)
    assert '<a href="/p/tally/settings#keys">the settings of <bdi>Tally</bdi></a>.' in signed_in(ada).get("/a/").content.decode()
    assert 'id="keys"' in signed_in(ada).get("/p/tally/settings").content.decode()
    looking = signed_in(member("vera", Role.VIEWER, project, ada)).get("/a/").content.decode()
    assert "with a key from a project's settings." in looking
    assert "#keys" not in looking


def test_a_task_of_a_project_that_one_may_not_see_is_counted_and_not_named(
    vera: User, ada: User, jared: Agent, key: ApiKey, project: Project
) -> None:
    secret = projects.create_project(slug="secret", name="Secret", actor=ada.actor)
    phase = phases.create_phase(secret, name="Build", actor=ada.actor)
    hidden = create_task(secret, NewTask(title="Nobody may know", phase=phase), actor=ada.actor)
    started(hidden, jared, key)
    messages.say(secret, "Psst, jared", actor=ada.actor, to_agent=jared)
    client = signed_in(vera)
    for path in ("/a/", "/a/jared/"):
        page = client.get(path).content.decode()
        assert "Nobody may know" not in page, path
        assert "Psst" not in page, path
        assert "1 in another project" in page or "1 task of projects that you do not see" in page, path


def test_an_agent_s_page_shows_its_work_its_beats_its_attempts_and_its_words(
    ada: User, task: Task, jared: Agent, key: ApiKey, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(15):
        each = create_task(task.project, NewTask(title=f"T{number}", phase=task.phase), actor=ada.actor)
        finish.complete(started(each, jared, key), Report(result="ok"))
        messages.say(task.project, f"Word {number}", actor=ada.actor, to_agent=jared)
    holder = started(task, jared, key)
    messages.log(holder, "I begin.")
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/a/jared/").content.decode()
    assert "Write the parser" in page
    assert "The lease ends" in page
    assert "1 of 60" in page
    assert "I begin." in page
    assert "fleet" in page
    assert client.get("/a/nobody/").status_code == 404


def test_the_database_keeps_each_minute_with_a_beat_once(jared: Agent) -> None:
    moment = now().replace(minute=10, second=5)
    for seconds in (0, 20, 50, 60, 185):
        agents._note_minute(jared, moment + timedelta(seconds=seconds))
    hour = AgentHour.objects.get(agent=jared, hour=moment.replace(minute=0, second=0, microsecond=0))
    registered = 1 << jared.registered_at.minute if jared.registered_at.hour == moment.hour else 0
    assert hour.minutes | registered == registered | 1 << 10 | 1 << 11 | 1 << 13


def test_a_beat_in_a_minute_that_is_noted_writes_no_row(jared: Agent, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    jared.refresh_from_db()
    Agent.objects.update(last_seen_at=F("last_seen_at") - timedelta(minutes=5))
    jared.refresh_from_db()
    AgentHour.objects.all().delete()
    agents.seen(jared)
    assert AgentHour.objects.count() == 1
    jared.refresh_from_db()
    agents.seen(jared)
    cells, hours = heartbeats(jared)
    assert sum(cell.minutes for cell in cells) == sum(hour.minutes for hour in hours) == 1


def test_heartbeats_are_forgotten_after_a_week(jared: Agent) -> None:
    agents._note_minute(jared, now() - timedelta(days=8))
    assert forget_old().heartbeats == 1
    assert AgentHour.objects.count() == 1


def test_an_admin_makes_a_key_that_acts_as_the_agent_alone(ada: User, pat: User, jared: Agent, project: Project) -> None:
    client = signed_in(ada)
    shown = client.post("/a/jared/keys", {"name": "its machine", "projects": ["tally"]}).content.decode()
    raw = re.search(r"mst_[0-9a-f]+_[0-9a-f]{20,}", shown)
    assert raw is not None
    caller = caller_of_key(raw.group())
    assert (caller.actor, caller.project_ids) == (jared.actor, [project.pk])
    assert raw.group() not in client.get("/a/jared/").content.decode()
    made = ApiKey.objects.get(name="its machine")
    foreign = keys.create_key(name="somebody else's", scope=Scope.AGENT, actor=ada.actor)[0]
    assert client.post(f"/a/jared/keys/{foreign.pk}/revoke").status_code == 404
    client.post(f"/a/jared/keys/{made.pk}/revoke")
    made.refresh_from_db()
    assert made.revoked_at is not None
    assert signed_in(pat).post("/a/jared/keys", {"name": "x"}).status_code == 403
    assert "Make a key" not in signed_in(pat).get("/a/jared/").content.decode()


def test_a_message_from_the_agent_s_page_reaches_it(pat: User, vera: User, jared: Agent, project: Project) -> None:
    client = signed_in(pat)
    client.post("/a/jared/say", {"text": "Look at #1", "project": "tally"})
    said = Message.objects.get()
    assert (said.to_agent, said.project) == (jared, project)
    assert "not read by it yet" in client.get("/a/jared/").content.decode()
    assert signed_in(vera).post("/a/jared/say", {"text": "x", "project": "tally"}).status_code == 403


@pytest.mark.parametrize("name", ["ada@host", "team/one", "a b"])
def test_any_name_of_an_agent_has_a_page(ada: User, key: ApiKey, project: Project, name: str) -> None:
    agents.register(name=name, key=key, actor=key.actor)
    client = signed_in(ada)
    address = re.search(r'<th scope="row"><a href="([^"]+)"', client.get("/a/").content.decode())
    assert address is not None
    assert client.get(address.group(1)).status_code == 200


def words(user: User, name: str = "jared") -> str:
    """Return what the agent's page says above its panels, without its tags."""
    page = signed_in(user).get(f"/a/{name}/").content.decode()
    head = page[page.index("agent-head") : page.index('class="split"')]
    return " ".join(re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", head)).split())


def test_each_trouble_is_said_in_a_sentence_with_what_to_do(ada: User, vera: User, task: Task, jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    Agent.objects.update(host="worker-1", silent_since=now(), last_seen_at=now() - timedelta(minutes=4))
    said = words(vera)
    assert f"Its last sign of life was 4 min ago : #{task.pk} goes back to the queue in" in said
    assert "look at its machine worker-1 and start it again, or retire it" in said
    Agent.objects.update(silent_since=None)
    agents.retire(Agent.objects.get(), actor=ada.actor)
    assert f"Retired while it works: it may finish #{task.pk} and gets nothing more. To stop it now, cancel the task." in words(ada)
    assert "Retired while it works" in signed_in(ada).get("/a/").content.decode()
    finish.complete(holder, Report(result="ok"))
    assert "It works again when an admin lets it" in words(ada)
    assert "Retired while it works" not in signed_in(ada).get("/a/").content.decode()
    agents.unretire(Agent.objects.get(), actor=ada.actor)
    keys.revoke_key(key, actor=ada.actor)
    assert "Its key is revoked or expired, so nothing that it sends is taken: make a key for it, and start it with that." in words(vera)
    assert "Its key is revoked" in signed_in(vera).get("/a/").content.decode()
    keys.create_key(name="new", scope=Scope.AGENT, agent=jared, actor=ada.actor)
    assert "revoked" not in words(ada)


def test_two_machines_under_one_name_are_told_and_a_move_is_not(ada: User, key: ApiKey) -> None:
    def register(host: str) -> None:
        agents.register(name="wren", host=host, key=key, actor=key.actor)

    register("worker-1")
    Agent.objects.update(last_seen_at=now() - timedelta(minutes=10))
    register("worker-2")
    assert "took its name" not in words(ada, "wren")
    register("worker-2")
    register("worker-3")
    said = words(ada, "wren")
    assert "worker-3 took its name" in said
    assert "while worker-2 used it: if both run" in said
    assert "MUSTER_AGENT" in said


def test_a_return_names_what_was_taken_from_it_meanwhile(ada: User, task: Task, jared: Agent, key: ApiKey) -> None:
    AgentHour.objects.all().delete()
    for ago in (*range(3), *range(12, 40)):
        agents._note_minute(jared, now() - timedelta(minutes=ago))
    assert "after 9 min without a sign of life; nothing was taken from it, and there is nothing to do." in words(ada)
    started(task, jared, key)
    Attempt.objects.update(outcome="expired", finished_at=now() - timedelta(minutes=8), claimed_at=now() - timedelta(minutes=20))
    assert f"#{task.pk} had been taken from it, so look whether its late work is worth adopting." in words(ada)
    AgentHour.objects.all().delete()
    for ago in range(40):
        agents._note_minute(jared, now() - timedelta(minutes=ago))
    assert "Back" not in words(ada)


def test_work_without_a_living_agent_starves_and_says_what_is_missing(ada: User, project: Project, phase: Phase, jared: Agent) -> None:
    create_tasks(project, [NewTask(title="Fine", phase=phase, capabilities=["python"])], actor=ada.actor)
    assert not starved([project], server=SERVER)
    hard = [NewTask(title=f"Draw {number}", phase=phase, capabilities=["design", "python"]) for number in range(3)]
    create_tasks(project, hard, actor=ada.actor)
    found = starved([project], server=SERVER)
    kind = found.kinds[0]
    assert (found.total, kind.count, kind.missing) == (3, 3, ["capability design"])
    assert kind.sentence == "No living agent has the capability design."
    command = kind.command(SERVER)
    assert command.startswith(f"MUSTER_URL={SERVER} tqc work --project tally --tiers standard --capabilities design,python --exec")
    page = signed_in(ada).get("/p/tally/").content.decode()
    assert "3 queued tasks that no living agent could take" in page
    assert "http://testserver tqc work --project tally" in page
    part = signed_in(ada).get("/starving?project=tally").content.decode()
    assert "No living agent has the capability design." in part


def test_a_silent_agent_that_could_take_the_work_is_named(ada: User, task: Task, jared: Agent) -> None:
    Agent.objects.update(silent_since=now())
    kind = starved([task.project], server=SERVER).kinds[0]
    assert kind.silent == [jared]
    assert "could, and gave its last sign of life" in signed_in(ada).get("/starving?project=tally").content.decode()


def test_work_for_one_agent_alone_names_it_in_the_command(ada: User, task: Task, jared: Agent) -> None:
    assign(task, jared, actor=ada.actor)
    agents.retire(jared, actor=ada.actor)
    kind = starved([task.project], server=SERVER).kinds[0]
    assert "MUSTER_AGENT=jared tqc work" in kind.command(SERVER)
    assert "is retired" in kind.sentence


def test_a_paused_project_does_not_starve(ada: User, task: Task) -> None:
    assert starved([task.project], server=SERVER)
    projects.pause_project(task.project, actor=ada.actor)
    task.project.refresh_from_db()
    assert not starved([task.project], server=SERVER)


def test_a_stranger_hears_of_no_starving_work(stranger: User, task: Task) -> None:
    client = signed_in(stranger)
    assert client.get("/starving?project=tally").status_code == 404
    assert "queued task" not in client.get("/starving").content.decode()


def test_a_key_of_the_agent_is_shown_to_admins_of_everything_only(pat: User, jared: Agent, project: Project, ada: User) -> None:
    keys.create_key(name="Hidden key", scope="agent", agent=jared, actor=ada.actor)
    assert "Hidden key" in signed_in(ada).get("/a/jared/").content.decode()
    assert "Hidden key" not in signed_in(pat).get("/a/jared/").content.decode()
