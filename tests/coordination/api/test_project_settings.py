"""Who may change which setting of a project: the same answer from the API, the settings page, the board and a plan (G2)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.test import Client

from coordination.actor import SYSTEM
from coordination.models import Project, Role, User
from coordination.operations import projects
from coordination.plan_writing import write_plan
from coordination.queries.planned import planned
from tests.coordination.api.conftest import AddTask, Caller, key_for
from webui.forms.project import ProjectSettingsForm

CHANGES: Mapping[str, Any] = {
    "name": "Another shop",
    "description": "Another one.",
    "lease_ttl": 60,
    "max_attempts": 9,
    "review_policy": "required",
    "on_change": "stop",
    "rerun": "as_it_was",
    "max_running": 4,
    "budget_usd": 12,
    "agents_may_add": False,
}
OF_PLANNERS = {"name", "description"}
OF_PLAN = {"review_policy": "review"}  # what plan.md calls it
Written = Callable[[str], dict[str, Any]]


@pytest.fixture(params=Role.values)
def role(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def person(role: str, shop: Project) -> User:
    user = User.objects.create_user(f"a-{role}", password="a long password")
    projects.grant_role(shop, user, role, actor=SYSTEM)
    return user


@pytest.fixture
def by_key(person: User) -> Caller:
    return key_for("admin", user=person)


@pytest.fixture
def by_browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def written(add: AddTask, shop: Project) -> Written:
    """The body of a request with the shop's own plan, of which only plan.md says something else."""
    add()
    files = {path: content.decode() for path, content in write_plan(planned(shop).plan).items()}
    return lambda project: {"files": {**files, "plan.md": project or files["plan.md"]}}


def settings() -> dict[str, Any]:
    told = Project.objects.values(*CHANGES, "wip_limits").get(slug="shop")
    return {**told, "description": told["description"].strip()}  # a file ends with a line's end


@pytest.mark.parametrize("name", CHANGES)
def test_every_door_lets_the_same_people_change_a_setting(
    name: str, role: str, shop: Project, by_key: Caller, by_browser: Client, written: Written
) -> None:
    before = settings()
    may = role == Role.ADMIN or (role == Role.PLANNER and name in OF_PLANNERS)
    usual = ProjectSettingsForm.initial_of(shop)
    offered = {**usual, "agents_may_add": "on"} if role == Role.ADMIN else {field: usual[field] for field in (*OF_PLANNERS, "version")}
    form = {field: value for field, value in (offered | {name: CHANGES[name]}).items() if value not in (None, False)}
    if name == "agents_may_add" and role != Role.ADMIN:
        form["agents_may_add"] = "on"
    pages = by_browser.post("/p/shop/settings/save", form)
    told = settings()
    Project.objects.update(**before)
    planned_answer = by_key.put("projects/shop/plan", written(plan_with(name)))
    planned_told = settings()
    Project.objects.update(**before)
    answer = by_key.patch("projects/shop", {name: CHANGES[name]})
    if may:
        assert (pages.status_code, planned_answer.status, answer.status) == (302, 200, 200)
        assert told == planned_told == settings() == before | {name: CHANGES[name]}
    else:
        assert (pages.status_code, planned_answer.status, answer.status) == (403, 403, 403)
        assert told == planned_told == settings() == before


def plan_with(name: str) -> str:
    if name == "description":
        return f"---\nname: Shop\n---\n{CHANGES[name]}"
    return f"---\n{OF_PLAN.get(name, name)}: {str(CHANGES[name]).lower() if name == 'agents_may_add' else CHANGES[name]}\n---\n"


def test_limits_of_columns_are_a_planners_whichever_door_is_taken(
    role: str, shop: Project, by_key: Caller, by_browser: Client, written: Written
) -> None:
    answers = [
        by_browser.post("/p/shop/limit", {"column": "progress", "limit": "3"}).status_code,
        by_key.patch("projects/shop", {"wip_limits": {"progress": 4}}).status,
        by_key.put("projects/shop/plan", written("---\nwip_limits: {progress: 5}\n---\n")).status,
    ]
    assert answers == ([403, 403, 403] if role == Role.VIEWER else [302, 200, 200])
    assert settings()["wip_limits"] == ({} if role == Role.VIEWER else {"progress": 5})


def test_pausing_and_resuming_are_a_planners(role: str, shop: Project, by_key: Caller, by_browser: Client) -> None:
    may = role != Role.VIEWER
    for verb in ("pause", "resume"):
        assert by_browser.post(f"/p/shop/{verb}").status_code == (302 if may else 403), verb
    for verb in ("pause", "resume"):
        assert by_key.post(f"projects/shop/{verb}").status == (200 if may else 403), verb


def test_the_refusal_names_the_settings_and_who_changes_them(shop: Project, planner: Caller) -> None:
    """A coordinator's key plans; what agents may do and spend is not its to say."""
    refused = planner.patch("projects/shop", {"max_running": 4, "budget_usd": 5, "wip_limits": {"progress": 5}})
    assert (refused.status, refused.json["code"]) == (403, "scope_missing")
    assert refused.json["detail"] == (
        "Changing budget_usd, max_running needs the admin role in this project: leave it as it is, or ask an admin."
        " Planners change description, name, wip_limits."
    )
    assert settings()["wip_limits"] == {}


def test_a_plan_that_says_what_is_so_already_is_a_planners(planner: Caller, written: Written) -> None:
    assert planner.put("projects/shop/plan", written("")).status == 200
