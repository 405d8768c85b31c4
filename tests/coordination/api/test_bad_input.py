"""The catalogue's bad input (E3 to E7, E9, G3, G4, G12): always a problem that says what to do, never a 500, nothing half-written."""

from typing import Any

import orjson
import pytest

from coordination.models import Event, Message, Task
from tests.coordination.api.conftest import AddTask, Caller

BROKEN: dict[str, tuple[bytes, int]] = {
    "brackets": (b"[" * 1_000, 400),
    "very many brackets": (b"[" * 100_000 + b"]" * 100_000, 400),
    "deep objects": (b'{"a":' * 500 + b"1" + b"}" * 500, 400),
    "a number of 5000 digits": (b'{"priority": ' + b"7" * 5_000 + b"}", 400),
    "a fraction of 5000 digits": (b'{"priority": 1.' + b"7" * 5_000 + b"}", 400),
    "only spaces": (b"  ", 400),
    "bad UTF-8": (b'{"title": "\xff\xfe"}', 400),
    "UTF-16": ('{"title": "x"}'.encode("utf-16"), 400),
    "UTF-8 with a mark": (b'\xef\xbb\xbf{"title": "x"}', 400),
    "cut off": (b'{"title": "x"', 400),
    "single quotes": (b"{'title': 'x'}", 400),
    "a trailing comma": (b'{"title": "x",}', 400),
    "a number of 64 bits and more": (b'{"priority": 18446744073709551616}', 422),
    "half of a pair": (b'{"text": "\\ud800"}', 422),
    "half of a pair as a key": (b'{"\\udfff": 1}', 422),
    "NUL": (b'{"text": "a\\u0000b"}', 422),
    "NaN": (b'{"text": NaN}', 422),
    "Infinity": (b'{"text": -Infinity}', 422),
    "1e999": (b'{"text": 1e999}', 422),
    "a key twice": (b'{"text": "a", "text": "b"}', 422),
    "a list": (b"[1]", 422),
    "a word": (b'"x"', 422),
    "null": (b"null", 422),
}


@pytest.mark.parametrize("path", ["/api/v1/projects/shop/messages", "/tasks", "/api/tasks"])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_body_is_refused_alike_everywhere(planner: Caller, build: Any, path: str, name: str) -> None:
    raw, status = BROKEN[name]
    refused = planner.ask("POST", path, raw=raw)
    expected = {status} if path.startswith("/api/v1") else {status, 400, 422}
    assert refused.status in expected, refused
    assert not Message.objects.exists()
    assert not Task.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x", "state": "done"}, "tasks.0.state"),
        ({"title": "x", "fence": 9}, "tasks.0.fence"),
        ({"title": "x", "project_id": 2}, "tasks.0.project_id"),
        ({"title": "x", "created_by": "ada"}, "tasks.0.created_by"),
        ({"title": "x", "is_admin": True}, "tasks.0.is_admin"),
        ({"title": "x", "attempt": 1}, "tasks.0.attempt"),
        ({"title": "x", "priority": "7"}, "tasks.0.priority"),
        ({"title": "x", "priority": True}, "tasks.0.priority"),
        ({"title": "x", "priority": 7.0}, "tasks.0.priority"),
        ({"title": "x", "priority": 101}, "tasks.0.priority"),
        ({"title": "x", "priority": -1}, "tasks.0.priority"),
        ({"title": 7}, "tasks.0.title"),
        ({"title": ""}, "tasks.0.title"),
        ({"title": "x" * 501}, "tasks.0.title"),
        ({"title": "x", "labels": "urgent"}, "tasks.0.labels"),
        ({"title": "x", "labels": ["x" * 61]}, "tasks.0.labels.0"),
        ({"title": "x", "tier": "gigantic"}, "tasks.0.tier"),
        ({"title": "x", "not_before": 1700000000}, "tasks.0.not_before"),
        ({"title": "x", "not_before": "2026-01-01T00:00:00"}, "tasks.0.not_before"),
        ({"title": "x", "not_before": "9999-12-31T23:59:59-12:00"}, "tasks.0.not_before"),
        ({"title": "x", "timeout": 0}, "tasks.0.timeout"),
        ({"title": "x", "parent": 2**63}, "tasks.0.parent"),
        ({"title": "x", "parent": 2**63 - 1}, "parent"),
        ({"title": "x", "phase": "Nowhere"}, "phase"),
        ({"title": "x", "assigned_to": "nobody"}, "assigned_to"),
        ({"title": "x", "needs": [{"on": "ghost"}]}, "needs"),
        ({"title": "x", "files": {"../x": "y"}}, None),
        ({"title": "x", "files": {"context/x": {"base64": "%%%"}}}, "base64"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_written(planner: Caller, build: Any, body: dict[str, Any], field: str | None) -> None:
    refused = planner.post(
        "projects/shop/tasks", {"tasks": [{"title": "fine"}, body] if field and not field.startswith("tasks.0") else [body]}
    )
    assert refused.status == 422, refused
    if field:
        assert [error["field"] for error in refused.json["errors"]] == [field] or refused.json["errors"][0]["field"].startswith(field)
    assert not Task.objects.exists()
    assert not Event.objects.filter(kind="task.created").exists()


@pytest.mark.parametrize("number", ["-1", "0", str(2**63), str(2**63 + 1), "9" * 5000, "1e3", "%00", "1%00", "A5B2C3D4-0000", "٧"])
@pytest.mark.parametrize("path", ["tasks/{}", "phases/{}", "attempts/{}", "tasks/{}/files", "tasks/{}/explain", "tasks/{}/brief"])
def test_an_odd_number_in_an_address_is_not_found(planner: Caller, build: Any, path: str, number: str) -> None:
    assert planner.get(path.format(number)).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "_connector=OR",
        "project__owner__password__startswith=a",
        "order=title",
        "order_by=a.b",
        "state=nothing",
        "limit=0",
        "limit=1e9",
        "limit=201",
        "limit=5&limit=6",
        "phase=0",
        f"phase={2**63}",
        "cursor=abc",
        "cursor=WzFd!!",
        "cursor=W251bGxd",
        "cursor=WzkyMjMzNzIwMzY4NTQ3NzU4MDgd",
        "q=%00",
        "label=a%00b",
        "updated_since=yesterday",
        "updated_since=9999-12-31T23:59:59-12:00",
        "band=urgent",
    ],
)
def test_a_parameter_that_is_no_filter_is_refused(planner: Caller, build: Any, query: str) -> None:
    assert planner.get(f"tasks?{query}").status == 422


def test_odd_but_honest_text_is_kept_as_it_is(planner: Caller, build: Any) -> None:
    odd = "a\u202eb\u200bc 🦄 é é \x1b[31m"
    answer = planner.post("projects/shop/tasks", {"tasks": [{"title": odd, "labels": ["🦄"], "objective": odd}]})
    assert answer.status == 201
    assert answer.json["items"][0]["title"] == odd
    assert [task["title"] for task in planner.get("tasks?label=%F0%9F%A6%84").json["items"]] == [odd]


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"]
)
def test_only_json_is_read(planner: Caller, build: Any, content_type: str) -> None:
    refused = planner.ask("POST", "projects/shop/messages", raw=b'{"text": "x"}', content_type=content_type)
    assert (refused.status, refused.json["code"]) == (415, "unsupported_media_type")


def test_a_compressed_body_is_refused(planner: Caller, build: Any) -> None:
    assert planner.ask("POST", "projects/shop/messages", raw=b"\x1f\x8b", content_encoding="gzip").status == 415


def test_a_body_beyond_the_limit_names_the_limit(planner: Caller, build: Any) -> None:
    refused = planner.ask("POST", "projects/shop/messages", raw=orjson.dumps({"text": "x" * (5 * 1024 * 1024)}))
    assert (refused.status, refused.json["code"]) == (413, "limit_exceeded")
    assert "4 MB" in refused.json["detail"]


@pytest.mark.parametrize("query", ["api_key=mst_a_b", "access_token=x", "key=x", "token=x", "q=mst_aaaa_bbbb", "lease_token=mlt_1_1_a"])
def test_a_key_in_an_address_is_refused(planner: Caller, build: Any, query: str) -> None:
    refused = planner.get(f"tasks?{query}")
    assert (refused.status, refused.json["code"]) == (400, "malformed")
    assert "header" in refused.json["detail"]


def test_odd_headers_do_no_harm(planner: Caller, add: AddTask) -> None:
    task = add()
    assert planner.patch(f"tasks/{task.pk}", {"priority": 3}, if_match="garbage").status == 422
    assert planner.patch(f"tasks/{task.pk}", {"priority": 3}, if_match='"99999999999999999999999"').status == 422
    assert planner.post(f"tasks/{task.pk}/cancel", {}, idempotency_key="x" * 256).status == 422
    assert planner.post(f"tasks/{task.pk}/cancel", {}, idempotency_key="a\x00b").status == 422
    assert planner.get("events", last_event_id="many").status == 422
    assert planner.get("agents/%00").status == 404
    assert planner.get("projects/a%00b").status == 404
    assert planner.get("projects/%ED%A0%80").status == 404


def test_the_wrong_method_and_the_wrong_address_are_problems_too(planner: Caller, nobody: Caller) -> None:
    refused = planner.ask("PUT", "projects")
    assert (refused.status, refused.json["code"]) == (405, "method_not_allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "POST"}
    for path in ("/api/v1/nothing", "/api/nothing", "/api/v2/tasks", "/api/v1/"):
        assert nobody.get(path).json["code"] == "not_found"
    assert planner.ask("PUT", "/tasks").status == 405
