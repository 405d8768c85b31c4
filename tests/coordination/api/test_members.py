"""Who works in a project, told and changed over the API."""

from coordination.models import Event, Project, Role, User
from tests.coordination.api.conftest import Caller, key_for


def admins() -> Caller:
    return key_for("admin", user=User.objects.create_superuser("ada"))


def test_an_administrator_gives_changes_and_takes_a_role(shop: Project) -> None:
    User.objects.create_user("jo")
    ada = admins()
    given = ada.ask("PUT", "/api/v1/projects/shop/members/jo", {"role": "viewer"})
    assert (given.status, given.json["username"], given.json["role"]) == (200, "jo", "viewer")
    assert ada.ask("PUT", "/api/v1/projects/shop/members/jo", {"role": "planner"}).json["role"] == "planner"
    listed = ada.ask("GET", "/api/v1/projects/shop/members").json["items"]
    assert [each["role"] for each in listed if each["username"] == "jo"] == ["planner"]
    assert ada.ask("DELETE", "/api/v1/projects/shop/members/jo").status == 204
    assert not shop.memberships.filter(user__username="jo").exists()
    assert list(Event.objects.filter(kind__startswith="member.").order_by("id").values_list("kind", flat=True)) == [
        "member.granted",
        "member.granted",
        "member.revoked",
    ]


def test_a_planner_sees_the_members_and_changes_none(shop: Project) -> None:
    User.objects.create_user("jo")
    pat = key_for("coordinator", projects=[shop])
    assert pat.ask("GET", "/api/v1/projects/shop/members").status == 200
    refused = pat.ask("PUT", "/api/v1/projects/shop/members/jo", {"role": Role.ADMIN})
    assert (refused.status, refused.json["code"]) == (403, "scope_missing")


def test_what_is_unknown_is_named(shop: Project) -> None:
    ada = admins()
    nobody = ada.ask("PUT", "/api/v1/projects/shop/members/ghost", {"role": "viewer"})
    assert (nobody.status, "There is no account 'ghost'" in nobody.json["detail"]) == (404, True)
    assert ada.ask("DELETE", "/api/v1/projects/shop/members/ghost").status == 404
    assert ada.ask("PUT", "/api/v1/projects/shop/members/ghost", {"role": "king"}).status == 422
