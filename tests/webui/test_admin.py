"""Django's admin: every table can be looked at, cheaply, and what operations guard cannot be changed behind their back."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from coordination.models import ApiKey, Event, Phase, Project, Task, User, Webhook
from coordination.operations import webhooks
from coordination.operations.creation import NewTask, create_tasks
from coordination.operations.sample import make
from tests.webui.conftest import signed_in

MOST_QUERIES = 12
TABLES = [model for model in admin.site._registry if model is not User]


def address(model: type, rest: str = "") -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{rest}"  # type: ignore[attr-defined]


def test_every_table_of_ours_is_there() -> None:
    ours = {model for model in apps.get_app_config("coordination").get_models() if model._meta.managed}
    without_number = {model for model in ours if model.__name__ in ("LaneAgent",)}
    assert ours - set(admin.site._registry) == without_number


@pytest.mark.django_db(transaction=True)
def test_every_list_and_every_row_opens_and_refuses_changes(ada: User, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    make("tally", ada.actor)
    client = signed_in(ada)
    for model in TABLES:
        with django_assert_max_num_queries(MOST_QUERIES):
            page = client.get(address(model))
        assert page.status_code == 200, model
        assert "so that each change has an author" in page.content.decode(), model
        assert client.get(address(model, "add/")).status_code == 403, model
        row = model._default_manager.first()
        if row is not None:
            assert client.get(address(model, f"{row.pk}/change/")).status_code == 200, model
            assert client.post(address(model, f"{row.pk}/change/"), {}).status_code == 403, model


@pytest.mark.django_db(transaction=True)
def test_rows_that_operations_guard_cannot_be_deleted(ada: User) -> None:
    make("tally", ada.actor)
    client = signed_in(ada)
    for model in TABLES:
        row = model._default_manager.first()
        if row is not None and model._meta.app_label == "coordination":
            assert client.post(address(model, f"{row.pk}/delete/"), {"post": "yes"}).status_code == 403, model
            client.post(address(model), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
            assert model._default_manager.filter(pk=row.pk).exists(), model


def test_long_lists_take_no_more_queries(
    ada: User, project: Project, phase: Phase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    create_tasks(project, [NewTask(title=f"Number {number}", phase=phase) for number in range(60)], actor=ada.actor)
    client = signed_in(ada)
    for model in (Task, Event):
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(address(model)).status_code == 200
    found = client.get(address(Task, "?q=Number 59")).content.decode()
    assert "Number 59" in found
    assert "Number 12" not in found


def test_secrets_are_not_shown(ada: User, project: Project, key: ApiKey) -> None:
    hook = webhooks.create_webhook(url="https://x.example.org/", actor=ada.actor)[0]
    client = signed_in(ada)
    assert key.hash not in client.get(address(ApiKey, f"{key.pk}/change/")).content.decode()
    assert hook.salt not in client.get(address(Webhook, f"{hook.pk}/change/")).content.decode()


def test_keys_are_revoked_and_webhooks_paused_by_their_operations(ada: User, project: Project, key: ApiKey) -> None:
    hook = webhooks.create_webhook(url="https://x.example.org/", actor=ada.actor)[0]
    client = signed_in(ada)
    client.post(address(ApiKey), {"action": "revoke", "_selected_action": [key.pk]})
    client.post(address(Webhook), {"action": "pause", "_selected_action": [hook.pk]})
    key.refresh_from_db()
    hook.refresh_from_db()
    assert key.revoked_at is not None
    assert not hook.enabled
    assert set(Event.objects.filter(actor_name="ada").values_list("kind", flat=True)) >= {"key.revoked", "webhook.edited"}


def test_an_account_is_made_and_switched_off_and_never_deleted(ada: User) -> None:
    client = signed_in(ada)
    form = {"username": "nina", "usable_password": "true", "password1": "a long password!", "password2": "a long password!"}
    client.post("/admin/coordination/user/add/", form)
    nina = User.objects.get(username="nina")
    assert client.post(f"/admin/coordination/user/{nina.pk}/delete/", {"post": "yes"}).status_code == 403
    kept = {"username": "nina", "theme": "system", "time_zone": "UTC"}
    client.post(f"/admin/coordination/user/{nina.pk}/change/", kept)
    nina.refresh_from_db()
    assert not nina.is_active


def test_only_staff_come_in(pat: User) -> None:
    assert signed_in(pat).get("/admin/").status_code == 302
    assert Client().get("/admin/").status_code == 302


def test_the_pages_have_our_policy(ada: User) -> None:
    assert "script-src 'self'" in signed_in(ada).get("/admin/").headers["Content-Security-Policy"]


def test_a_name_is_called_as_on_the_page_for_signing_in(ada: User) -> None:
    client = signed_in(ada)
    for path in ("", "add/", f"{ada.pk}/change/"):
        page = client.get(address(User, path)).content.decode()
        assert "user name" in page.lower(), path
        assert "username:" not in page.lower(), path
        assert ">username<" not in page.lower(), path


def test_the_list_of_tables_is_spelt_right(ada: User) -> None:
    page = signed_in(ada).get("/admin/").content.decode()
    assert ">API keys<" in page
    assert ">Dependencies<" in page
    assert "ys<" not in page.replace("keys<", "")
