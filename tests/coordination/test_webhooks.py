import pytest
from django.test import override_settings

from coordination.actor import SYSTEM
from coordination.errors import Invalid, PreconditionFailed
from coordination.models import Event, Webhook
from coordination.operations.webhooks import create_webhook, delete_webhook, edit_webhook, renew_secret, signing_secrets
from tests.worker.cast import make_project

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://hooks.example.org/muster?team=1"


def test_the_secret_is_shown_at_creation_and_stored_nowhere() -> None:
    hook, secret = create_webhook(url=URL, actor=SYSTEM)
    assert secret.startswith("whsec_")
    row = Webhook.objects.values().get(pk=hook.pk)
    assert secret not in str(row)
    assert secret not in str(list(Event.objects.values()))
    assert signing_secrets(hook) == (secret,)


def test_after_a_change_of_the_server_secret_both_sign() -> None:
    hook, secret = create_webhook(url=URL, actor=SYSTEM)
    from django.conf import settings

    with override_settings(SECRET_KEY="another-server-secret-0123456789-abcdef", SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        new, old = signing_secrets(hook)
    assert old == secret
    assert new != secret


def test_a_renewed_secret_differs() -> None:
    hook, secret = create_webhook(url=URL, actor=SYSTEM)
    assert renew_secret(hook, actor=SYSTEM) != secret


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks",
        "ftp://x.org",
        "https://",
        "https://u:p@x.org/",
        "https://x.org/a b",
        "https://x.org:0/",
        "https://x.org:99999/",
        "https://ö.org",
    ],
)
def test_it_refuses_an_address_that_could_never_be_called(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_webhook(url=url, actor=SYSTEM)
    assert refused.value.field == "url"


@pytest.mark.parametrize("kinds", [["Task.Done"], ["task done"], [""], ["*.done"], [7], ["task.*"] * 51, "task.done"])
def test_it_refuses_kinds_that_no_event_can_have(kinds: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        create_webhook(url=URL, actor=SYSTEM, kinds=kinds)
    assert refused.value.field == "kinds"


@pytest.mark.parametrize(("kind", "hint"), [("task.faild", "task.failed"), ("phase.xxxxxx", "phase.moved"), ("x.y", "of agent, attempt")])
def test_a_kind_of_event_that_never_happens_is_refused_with_those_that_do(kind: str, hint: str) -> None:
    with pytest.raises(Invalid, match=hint):
        create_webhook(url=URL, actor=SYSTEM, kinds=["task.done", kind])


@pytest.mark.parametrize("url", ["http://127.0.0.1/in", "http://0x7f000001/", "https://[fd12::1]/", "https://8.8.8.8:6379/"])
def test_an_address_near_the_server_is_refused_when_it_is_given(url: str) -> None:
    hook, _ = create_webhook(url=URL, actor=SYSTEM)
    for give in (lambda: create_webhook(url=url, actor=SYSTEM), lambda: edit_webhook(hook, {"url": url}, actor=SYSTEM)):
        with pytest.raises(Invalid, match="WEBHOOKS_ALLOW_PRIVATE") as refused:
            give()
        assert refused.value.field == "url"
    with override_settings(WEBHOOKS_ALLOW_PRIVATE=True):
        assert edit_webhook(hook, {"url": url}, actor=SYSTEM).url == url


def test_an_edit_clears_the_failures_and_switches_on_again() -> None:
    hook, _ = create_webhook(url=URL, actor=SYSTEM, project=make_project())
    Webhook.objects.filter(pk=hook.pk).update(enabled=False, failures=9, disabled_reason="gone", last_error="410")
    hook = edit_webhook(hook, {"enabled": True, "kinds": ["task.*"]}, actor=SYSTEM)
    assert (hook.enabled, hook.failures, hook.disabled_reason, hook.kinds) == (True, 0, "", ["task.*"])
    assert Event.objects.get(kind="webhook.edited").data["fields"] == ["enabled", "kinds"]


def test_an_edit_of_a_version_that_is_not_the_current_one_is_refused() -> None:
    hook, _ = create_webhook(url=URL, actor=SYSTEM)
    with pytest.raises(PreconditionFailed):
        edit_webhook(hook, {"url": "https://x.org/"}, actor=SYSTEM, expected_version=7)


def test_deleting_is_told() -> None:
    hook, _ = create_webhook(url=URL, actor=SYSTEM)
    delete_webhook(hook, actor=SYSTEM)
    assert not Webhook.objects.exists()
    assert Event.objects.filter(kind="webhook.deleted").exists()
