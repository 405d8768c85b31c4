"""Members of a project, as they are asked for and told of."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Strict

from coordination.api.shapes.base import Asked, Told, asks
from coordination.models import Membership, Role


class RoleAsked(Asked):
    model_config = asks({"role": "planner"})

    role: Annotated[Role, Strict(False)]


class MemberTold(Told):
    username: str
    role: str
    since: datetime


class MemberPage(Told):
    items: list[MemberTold]
    next_cursor: str | None


def member_told(member: Membership) -> dict[str, Any]:
    return {"username": member.user.get_username(), "role": member.role, "since": member.created_at}
