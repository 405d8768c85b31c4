"""Every address of every page: what belongs to a project that one may not see is not there, and what one may not do is refused."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import get_resolver

from coordination.models import ApiKey, Attempt, LateResult, LineComment, SavedView, Scope
from coordination.models.clock import now
from coordination.operations import keys, webhooks
from tests.factories import Plan, make_plan
from tests.webui.conftest import signed_in
from webui.requests import page_above

pytestmark = pytest.mark.django_db

PART = re.compile(r"<(?:\w+:)?(\w+)>")
OF_PROJECT = {"slug", "task_id", "phase_id"}
# Who only reads keeps what is their own, and looks at what they typed.
OF_READERS = {"fold", "mark_viewed", "preview_file", "read_messages", "save_view"}


@dataclass
class Ours:
    """A project with one of everything that an address can name."""

    plan: Plan
    values: dict[str, object]


def one_of_everything(slug: str) -> Ours:
    plan = make_plan(slug)
    task = plan.task()
    attempt: Attempt = plan.jared.claims(task).attempt
    late = LateResult.objects.create(attempt=attempt, received_at=now(), succeeded=True, why_late="expired")
    remark = LineComment.objects.create(task=task, commit="0" * 40, path="instructions.md", line=1, text="Why?", created_at=now())
    view = SavedView.objects.create(project=plan.project, name="Everybody's", created_at=now())
    hook, _ = webhooks.create_webhook(url="https://example.org/", actor=plan.ada.actor, project=plan.project)
    key: ApiKey = keys.create_key(name="fleet", scope=Scope.AGENT, projects=[plan.project], actor=plan.ada.actor)[0]
    numbers = {"task_id": task.pk, "phase_id": plan.phase.pk, "view_id": view.pk, "hook_id": hook.pk, "key_id": key.pk}
    numbers |= {"remark_id": remark.pk, "late_id": late.pk, "on_id": plan.task("Waits").pk, "after_id": plan.after().pk}
    return Ours(plan, {"slug": slug, "user_id": plan.vera.pk, "sha": "0" * 40, **numbers})


def addresses() -> Iterator[tuple[str, list[str], str]]:
    """Yield the name of every page, the parts of its address, and the pattern."""
    for pattern in get_resolver("webui.urls").url_patterns:
        yield str(pattern.name), PART.findall(str(pattern.pattern)), str(pattern.pattern)


def filled(name: str, pattern: str, values: Mapping[str, object]) -> str:
    word = {"phase_action": "pause", "task_action": "cancel", "fact": "title", "save_fact": "title"}.get(name, "jared-relay")
    return "/" + PART.sub(lambda part: str(values.get(part[1], {"name": word, "verb": word, "key": "done"}.get(part[1], 1))), pattern)


def answers(client: Client, path: str) -> set[int]:
    """Return how an address answers, whichever of the two methods it knows."""
    looked, sent = client.get(path), client.post(path).status_code
    is_sent_on = looked.status_code == 302 and looked.headers["Location"] == page_above(path)
    return ({sent} if is_sent_on else {looked.status_code, sent}) - {405}


def test_what_belongs_to_a_foreign_project_is_not_there() -> None:
    tally = one_of_everything("tally")
    stranger = signed_in(one_of_everything("relay").plan.ada)
    pages = [(name, pattern) for name, parts, pattern in addresses() if OF_PROJECT & set(parts)]
    assert len(pages) > 90
    found = {name: answers(stranger, filled(name, pattern, tally.values)) for name, pattern in pages}
    assert found == {name: {404} for name, _ in pages}


def test_what_belongs_to_a_foreign_project_is_not_there_below_an_own_address() -> None:
    tally, relay = one_of_everything("tally"), one_of_everything("relay")
    stranger = signed_in(relay.plan.ada)
    found = {}
    for name, parts, pattern in addresses():
        if "name" in parts:  # an agent's: only who administers the whole installation gets as far as its keys
            continue
        for part in set(parts) & set(tally.values) - OF_PROJECT - {"sha"}:
            found[name] = answers(stranger, filled(name, pattern, relay.values | {part: tally.values[part]}))
    assert len(found) > 12
    assert found == {name: {404} for name in found}


def test_who_only_reads_a_project_changes_nothing_of_it() -> None:
    tally = one_of_everything("tally")
    vera = signed_in(tally.plan.vera)
    posts = [(name, filled(name, pattern, tally.values)) for name, parts, pattern in addresses() if OF_PROJECT & set(parts)]
    found = {name: vera.post(path).status_code for name, path in posts}
    refused = {name: status for name, status in found.items() if status != 405 and name not in OF_READERS}
    assert len(refused) > 50
    assert refused == dict.fromkeys(refused, 403)


def test_who_only_reads_a_project_does_nothing_to_the_whole_installation() -> None:
    tally = one_of_everything("tally")
    vera = signed_in(tally.plan.vera)
    agent = tally.plan.jared.name
    paths = ["/p", "/sample", *(f"/a/{agent}/{verb}" for verb in ("keys", "keys/1/revoke", "retire", "unretire"))]
    assert {path: vera.post(path).status_code for path in paths} == dict.fromkeys(paths, 403)
