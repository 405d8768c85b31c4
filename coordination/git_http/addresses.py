"""What an address under /git/ names. The path on disk is never made from it: it gives a task's number, nothing else."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from coordination.errors import Malformed, MethodRefused, NotFound, Refused
from repo_store import Service

PREFIX = "/git/"
SERVICES: dict[str, Service] = {"git-upload-pack": "git-upload-pack", "git-receive-pack": "git-receive-pack"}

_TASK = re.compile(r"/git/(?:projects/(?P<slug>[-a-zA-Z0-9_]{1,60})/)?tasks/(?P<task>[1-9][0-9]{0,17})\.git/(?P<rest>[^\0]*)", re.ASCII)
_PLAN = re.compile(r"/git/projects/(?P<slug>[-a-zA-Z0-9_]{1,60})/plan\.git/(?P<rest>[^\0]*)", re.ASCII)
_SMART_ONLY = "This is a smart server: git reads it with its own protocol only, version 0, 1 or 2 (git 1.6.6 or newer)."


@dataclass(frozen=True)
class Address:
    """A repository and what is wanted of it: the offer of a service (`is_offer`), or the service itself.

    `task_id` 0 means the plan of the project.
    """

    task_id: int
    slug: str
    service: Service
    is_offer: bool


def address_of(method: str, path: str, query: str) -> Address:
    """Return what a request asks for. Raises NotFound, Refused for the dumb protocol, MethodRefused, Malformed."""
    found = _TASK.fullmatch(path) or _PLAN.fullmatch(path)
    if found is None or ".." in found["rest"]:
        raise NotFound("There is no repository at this address.")
    named = found.groupdict()
    task_id, slug, rest = int(named.get("task") or 0), named["slug"] or "", named["rest"]
    if rest == "info/refs":
        _expect(method, "GET")
        return Address(task_id, slug, _asked_service(query), True)
    if rest in SERVICES:
        _expect(method, "POST")
        if query:
            raise Malformed("A service takes no query; keys belong into a header.")
        return Address(task_id, slug, SERVICES[rest], False)
    raise Refused(_SMART_ONLY)


def _expect(method: str, wanted: str) -> None:
    if method != wanted:
        raise MethodRefused(f"{method} does nothing here; {wanted} does.")


def _asked_service(query: str) -> Service:
    asked = parse_qsl(query, keep_blank_values=True)
    if len(asked) == 1 and asked[0][0] == "service" and asked[0][1] in SERVICES:
        return SERVICES[asked[0][1]]
    raise Refused(_SMART_ONLY)
