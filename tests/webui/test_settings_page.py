"""The settings of a project: what its admins may change, and its webhooks from the first to the last."""

import re
from dataclasses import dataclass, field

import pytest
from pytest_django import DjangoAssertNumQueries

from coordination.models import ApiKey, Membership, Phase, Project, Role, Task, User, Webhook
from coordination.operations import keys, webhooks
from coordination.operations.outbox import Delivery, DeliveryError, deliver_due
from tests.webui.conftest import signed_in

HTMX = {"HX-Request": "true"}
MOST_QUERIES = 15


@dataclass
class Receiver:
    """An address that takes what it is sent, or refuses it."""

    takes: bool = True
    kinds: list[str] = field(default_factory=list)

    def send(self, delivery: Delivery) -> None:
        if not self.takes:
            raise DeliveryError("It answered 500.")
        self.kinds.append(delivery.kind)


@pytest.fixture
def hook(project: Project, ada: User) -> Webhook:
    return webhooks.create_webhook(url="https://chat.example.org/in", actor=ada.actor, project=project, kinds=["task.done"])[0]


def part(user: User) -> str:
    return signed_in(user).get("/p/tally/settings", headers=HTMX).content.decode()


def test_a_webhook_is_added_and_its_secret_is_shown_once(ada: User, project: Project) -> None:
    client = signed_in(ada)
    shown = client.post("/p/tally/settings/channels", {"url": "https://chat.example.org/in", "kinds": "task.done, task.failed"})
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", shown.content.decode())
    assert secret is not None
    assert secret[0] not in client.get("/p/tally/settings").content.decode()
    hook = Webhook.objects.get()
    assert (hook.kinds, hook.project) == (["task.done", "task.failed"], project)


def test_a_bad_address_and_a_bad_kind_are_refused_in_words(ada: User, project: Project) -> None:
    client = signed_in(ada)
    for form in ({"url": "ftp://x.example/"}, {"url": "https://u:p@x.example/"}, {"url": "https://x.example/", "kinds": "TASK"}):
        assert client.post("/p/tally/settings/channels", form).status_code == 422, form
    assert not Webhook.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_test_reaches_the_one_webhook_that_is_tested(ada: User, project: Project, hook: Webhook) -> None:
    webhooks.create_webhook(url="https://other.example.org/", actor=ada.actor, project=project)
    signed_in(ada).post(f"/p/tally/settings/channels/{hook.pk}/test")
    assert "Waiting" in part(ada)
    receiver = Receiver()
    deliver_due(receiver)
    assert receiver.kinds.count("webhook.tested") == 1
    page = part(ada)
    assert "Working" in page
    assert "<code>webhook.tested</code>" in page


@pytest.mark.django_db(transaction=True)
def test_a_failing_webhook_says_why_and_a_test_tries_at_once(ada: User, project: Project, hook: Webhook) -> None:
    client = signed_in(ada)
    client.post(f"/p/tally/settings/channels/{hook.pk}/test")
    deliver_due(Receiver(takes=False))
    page = part(ada)
    assert "It answered 500." in page
    assert "Failing" in page
    client.post(f"/p/tally/settings/channels/{hook.pk}/test")
    receiver = Receiver()
    deliver_due(receiver)
    assert receiver.kinds == ["webhook.tested", "webhook.tested"]


def test_a_webhook_is_paused_changed_and_deleted(ada: User, project: Project, hook: Webhook) -> None:
    client = signed_in(ada)
    base = f"/p/tally/settings/channels/{hook.pk}"
    client.post(f"{base}/pause")
    hook.refresh_from_db()
    assert not hook.enabled
    assert client.post(f"{base}/test").status_code == 409
    client.post(f"{base}/resume")
    client.post(f"{base}/save", {"url": "https://b.example.org/", "kinds": ""})
    hook.refresh_from_db()
    assert (hook.enabled, hook.url, hook.kinds) == (True, "https://b.example.org/", [])
    before = webhooks.signing_secrets(hook)
    assert "whsec_" in client.post(f"{base}/secret").content.decode()
    hook.refresh_from_db()
    assert webhooks.signing_secrets(hook) != before
    client.post(f"{base}/delete")
    assert not Webhook.objects.exists()


def test_only_admins_of_the_project_reach_its_webhooks(ada: User, pat: User, stranger: User, hook: Webhook) -> None:
    verbs = ("save", "pause", "resume", "test", "secret", "delete")
    for user, status in ((pat, 403), (stranger, 404)):
        client = signed_in(user)
        assert {
            client.post(f"/p/tally/settings/channels/{hook.pk}/{verb}", {"url": "https://x.example/"}).status_code for verb in verbs
        } == {status}
        assert client.post("/p/tally/settings/channels", {"url": "https://x.example/"}).status_code == status
    assert "chat.example.org" not in signed_in(pat).get("/p/tally/settings").content.decode()


def test_a_webhook_of_another_project_is_not_there(ada: User, project: Project) -> None:
    everywhere = webhooks.create_webhook(url="https://all.example.org/", actor=ada.actor)[0]
    assert signed_in(ada).post(f"/p/tally/settings/channels/{everywhere.pk}/delete").status_code == 404


def test_each_role_is_offered_the_settings_that_it_may_change(ada: User, pat: User, vera: User, project: Project) -> None:
    offered = {"name", "description", "review_policy", "max_attempts", "lease_ttl", "on_change", "rerun", "max_running", "budget_usd"}
    for user, settings in ((ada, offered | {"agents_may_add"}), (pat, {"name", "description"}), (vera, set())):
        page = signed_in(user).get("/p/tally/settings").content.decode()
        section = page.partition('id="project-title"')[2].partition("</section>")[0]
        assert set(re.findall(r' name="(\w+)"', section)) - {"csrfmiddlewaretoken", "version", "next"} == settings, user
        assert ("Only an admin of the project can change" in section) == (user != ada)


def test_a_role_is_changed_and_changed_back(ada: User, pat: User, project: Project) -> None:
    client = signed_in(ada)
    client.post("/p/tally/settings/members", {"username": "pat", "role": "viewer"}, headers=HTMX)
    assert Membership.objects.get(user=pat).role == Role.VIEWER
    assert (
        '<input type="hidden" name="role" value="planner"><button class="button small" type="submit"'
        in client.get("/p/tally/settings").content.decode()
    )


def test_a_project_is_deleted_only_by_its_slug(ada: User, pat: User, project: Project, task: Task) -> None:
    assert signed_in(pat).post("/p/tally/settings/delete", {"slug": "tally"}).status_code == 403
    client = signed_in(ada)
    assert client.post("/p/tally/settings/delete", {"slug": "tolly"}).status_code == 422
    assert client.post("/p/tally/settings/delete", {"slug": "tally"}).headers["Location"] == "/"
    assert not Project.objects.exists()


def test_many_keys_members_and_webhooks_take_no_more_queries(
    ada: User, project: Project, phase: Phase, task: Task, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(8):
        keys.create_key(name=f"key {number}", scope="agent", projects=[project], actor=ada.actor)
        webhooks.create_webhook(url=f"https://x{number}.example.org/", project=project, actor=ada.actor)
        Membership.objects.create(user=User.objects.create_user(f"u{number}"), project=project, role="viewer", created_at=task.created_at)
    client = signed_in(ada)
    with django_assert_max_num_queries(MOST_QUERIES):
        page = client.get("/p/tally/settings").content.decode()
    assert ApiKey.objects.count() == page.count("Revoke</button>") == 8


def test_a_member_who_is_not_known_is_refused_in_the_form_and_without_a_script_on_a_page_that_leads_back(
    ada: User, project: Project
) -> None:
    client = signed_in(ada)
    wanted = {"username": "nobody", "role": "viewer"}
    part = client.post("/p/tally/settings/members", wanted, headers=HTMX)
    assert (part.status_code, part.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    page = client.post("/p/tally/settings/members", wanted, headers={"Referer": "http://testserver/p/tally/settings"})
    assert page.status_code == 404
    assert "nobody" in page.content.decode()
    assert 'href="/p/tally/settings">' in page.content.decode()


def test_a_new_member_stands_on_the_page_that_the_form_leads_to(ada: User, vera: User, stranger: User, project: Project) -> None:
    client = signed_in(ada)
    for path, wanted, said in (
        ("members", {"username": "mallory", "role": "planner"}, "mallory is planner now."),
        ("members", {"username": "vera", "role": "admin"}, "vera is admin now."),
        (f"members/{vera.pk}/remove", {}, "vera is no member any more."),
    ):
        answer = client.post(f"/p/tally/settings/{path}", wanted, headers=HTMX)
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/p/tally/settings"), path
        page = client.get("/p/tally/settings").content.decode()
        assert said in page
        assert (">Undo</button>" in page) == (wanted.get("username") != "mallory")


def test_a_budget_is_shown_as_it_was_typed_and_beside_it_what_is_spent(ada: User, project: Project) -> None:
    Project.objects.update(budget_usd="6.5", spent_usd="16.351")
    page = signed_in(ada).get("/p/tally/settings").content.decode()
    assert 'name="budget_usd" value="6.5"' in page
    assert "Empty: no limit. $16.35 spent so far." in page
    Project.objects.update(budget_usd="100")
    assert 'name="budget_usd" value="100"' in signed_in(ada).get("/p/tally/settings").content.decode()


def test_a_kind_of_event_that_never_happens_is_refused_with_the_one_that_is_meant(ada: User, project: Project) -> None:
    client, form = signed_in(ada), {"url": "https://x.example/"}
    for kinds, hint in (("task.done, task.faild", "task.failed"), ("tasks.*", "task.*"), ("bogus", "task.done")):
        refused = client.post("/p/tally/settings/channels", form | {"kinds": kinds}, headers=HTMX)
        assert refused.status_code == 422, kinds
        assert hint in refused.content.decode()
    assert client.post("/p/tally/settings/channels", form | {"kinds": "task.*, message.said, webhook.tested"}).status_code == 200
    assert Webhook.objects.get().kinds == ["task.*", "message.said", "webhook.tested"]
