"""Plans that somebody uploaded to look at what they would do: kept for a day, for that person, so that the look has an address."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.contrib.sessions.backends.db import SessionStore

from coordination.actor import Actor
from coordination.models import Project
from coordination.plan_parcel import unwrapped, wrapped

KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True)
class KeptPlan:
    """The files of an upload, or why there are none."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    mistakes: list[dict[str, str]] = field(default_factory=list)


def keep_plan(project: Project, actor: Actor, plan: KeptPlan) -> str:
    """Return the key by which `kept_plan` finds it again. It is kept as a session of nobody, and goes as those of people do."""
    place = SessionStore()
    place["plan_of"] = [project.pk, actor.kind, actor.id]
    place["parcel"] = wrapped(plan.files) if plan.files else ""
    place["mistakes"] = plan.mistakes
    place.set_expiry(KEPT_FOR)
    place.create()
    assert place.session_key
    return place.session_key


def kept_plan(project: Project, actor: Actor, key: str) -> KeptPlan | None:
    """Return what was kept, or None if its time is over, or it is of another person or project."""
    if not (key.isascii() and key.isalnum()):
        return None
    place = SessionStore(key)
    if place.get("plan_of") != [project.pk, actor.kind, actor.id]:
        return None
    return KeptPlan(unwrapped(place["parcel"]) if place["parcel"] else {}, place["mistakes"])
