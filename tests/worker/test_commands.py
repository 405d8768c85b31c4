"""The commands people type: sentences out, exit codes that mean something."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from coordination.errors import Unauthenticated
from coordination.lifecycle import State
from coordination.models import Dependency, Task
from coordination.queries.access import Permission, caller_of_key
from tests.worker.cast import let_lease_expire, make_agent, make_claim, make_project, make_task

pytestmark = pytest.mark.django_db(transaction=True)


def said(*command: str) -> str:
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_sweep_says_what_it_did() -> None:
    task = make_task()
    said("sweep")
    make_claim(task)
    let_lease_expire(task)
    assert "1 leases expired" in said("sweep")
    task.refresh_from_db()
    assert task.state == State.QUEUED


@pytest.mark.parametrize("command", ["sweep", "advance", "deliver", "repairrefs", "pack", "retention", "repocheck"])
def test_every_job_by_hand_ends_in_a_sentence(command: str) -> None:
    assert re.fullmatch(r"[A-Z].*\.\n", said(command), re.DOTALL)


def test_repocheck_ends_with_one_while_something_is_wrong() -> None:
    task = make_task()
    Task.objects.filter(pk=task.pk).update(blockers=3)
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("repocheck", stdout=out)
    assert ended.value.code == 1
    assert f"task {task.pk} [blockers]" in out.getvalue()
    assert "repocheck --repair" in out.getvalue()
    assert "1 faults, 1 repaired, 0 left" in said("repocheck", "--repair")
    assert "all is well" in said("repocheck")


def test_repocheck_ends_with_one_if_something_cannot_be_repaired() -> None:
    first = make_task()
    second = make_task(first.project, needs=(first,))
    Dependency.objects.create(project=first.project, task=first, on=second)
    with pytest.raises(SystemExit):
        said("repocheck", "--repair")


def test_createkey_prints_the_key_and_nothing_else() -> None:
    project, other = make_project(), make_project()
    key = said("createkey", "--name", "planner", "--scope", "coordinator", "--project", project.slug).strip()
    caller = caller_of_key(key)
    assert caller.may(Permission.PLAN, project.pk)
    assert not caller.may(Permission.READ, other.pk)


def test_createkey_for_one_agent() -> None:
    agent, _ = make_agent("jean")
    assert caller_of_key(said("createkey", "--name", "jean's", "--agent", "jean").strip()).actor == agent.actor


@pytest.mark.parametrize("arguments", [["--agent", "stranger"], ["--project", "nowhere"]])
def test_createkey_refuses_what_it_does_not_know(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="There is no"):
        said("createkey", "--name", "x", *arguments)


def test_createkey_refuses_an_agent_for_a_coordinator_key() -> None:
    make_agent("jean")
    with pytest.raises(CommandError, match="scope agent") as refused:
        said("createkey", "--name", "x", "--scope", "coordinator", "--agent", "jean")
    assert refused.value.returncode == 2


def test_listkeys_shows_no_secret_and_revokekey_ends_one() -> None:
    key = said("createkey", "--name", "fleet").strip()
    listed = said("listkeys")
    assert key.rsplit("_", 1)[0] in listed
    assert key.rsplit("_", 1)[1] not in listed
    said("revokekey", key.rsplit("_", 1)[0])
    with pytest.raises(Unauthenticated):
        caller_of_key(key)
    assert "fleet" not in said("listkeys")
    assert "revoked" in said("listkeys", "--all")


def test_revokekey_refuses_an_unknown_key() -> None:
    with pytest.raises(CommandError, match="listkeys"):
        said("revokekey", "mst_000000")


def test_webhooks_are_added_listed_switched_and_deleted() -> None:
    project = make_project()
    told = said("webhook", "add", "https://hooks.example.org/x", "--project", project.slug, "--kind", "task.*")
    number, secret = re.fullmatch(r"Webhook (\d+) signs with (whsec_\S+)\n", told).groups()  # type: ignore[union-attr]
    assert said("webhook", "list") == f"{number}  https://hooks.example.org/x  {project.slug}  task.*  on\n"
    assert secret not in said("webhook", "list")
    said("webhook", "off", number)
    assert "off: switched off" in said("webhook", "list")
    said("webhook", "on", number)
    said("webhook", "delete", number)
    assert said("webhook", "list") == ""


def test_a_webhook_command_refuses_in_a_sentence() -> None:
    with pytest.raises(CommandError, match="webhook list"):
        said("webhook", "off", "7")
    with pytest.raises(CommandError, match="URL"):
        said("webhook", "add", "nowhere")
    with pytest.raises(CommandError, match="no project"):
        said("webhook", "add", "https://x.org/", "--project", "nowhere")
