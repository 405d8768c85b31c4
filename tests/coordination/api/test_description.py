"""The API's own description, its page, the list of problems, statistics, and the health checks."""

import re
from pathlib import Path

import orjson
import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from coordination.api import health
from coordination.errors import MusterError
from tests.coordination.api.conftest import AddTask, Caller


def test_the_description_is_openapi_3_1_with_names_and_examples(nobody: Caller, db: None) -> None:
    answer = nobody.get("openapi.json")
    schema = answer.json
    assert schema["openapi"].startswith("3.1")
    names = [operation["operationId"] for methods in schema["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names))
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["responses"]["4XX"]["content"]["application/problem+json"], path
            assert operation.get("description"), f"{method} {path}"
            body = operation.get("requestBody")
            if body:
                for name in re.findall(r"#/components/schemas/(\w+)", str(body)):
                    assert schema["components"]["schemas"][name]["examples"], name
                    assert schema["components"]["schemas"][name]["additionalProperties"] is False
            if method == "post":
                assert "Idempotency-Key" in str(operation["parameters"])
    assert nobody.get("openapi.json", if_none_match=answer.headers["ETag"]).status == 304


def test_every_reference_of_the_description_leads_somewhere(nobody: Caller, db: None) -> None:
    schema = nobody.get("openapi.json").json
    for name in re.findall(r"#/components/schemas/(\w+)", str(schema)):
        assert name in schema["components"]["schemas"]


def test_the_page_loads_nothing_from_elsewhere(nobody: Caller, db: None) -> None:
    response = Client().get("/api/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "//" not in re.sub(r"<!--.*?-->", "", page).replace("<!DOCTYPE html>", "")
    assert "unsafe-eval" not in response.headers["Content-Security-Policy"]
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert len(files) == 4
    for file in files:
        assert Path(str(finders.find(file))).stat().st_size > 0
        answer = Client().get(f"/static/{file}")
        answer.close()
        assert answer.status_code == 200


def test_every_code_has_its_line_on_the_page_of_problems(db: None) -> None:
    page = Client().get("/api/problems").content.decode()

    def codes(kind: type[MusterError]) -> set[str]:
        return {kind.code}.union(*(codes(each) for each in kind.__subclasses__()))

    for code in codes(MusterError) - {"error"}:
        assert f"`{code}`" in page


def test_the_process_says_that_it_lives_and_that_it_can_work(nobody: Caller, db: None) -> None:
    assert nobody.get("/livez").json == {"status": "ok"}
    ready = nobody.get("/readyz")
    assert (ready.status, ready.json["checks"]) == (200, {"database": "ok", "repositories": "ok", "migrations": "ok"})
    assert nobody.get("/health").json["status"] == "healthy"
    assert Client().post("/livez").status_code == 405


def test_it_is_not_ready_when_repositories_cannot_be_written(db: None, settings: object, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    settings.REPO_ROOT = blocked
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "REPO_ROOT" in orjson.loads(answer.content)["checks"]["repositories"]
    assert health._database() == "ok"


def test_the_statistics_count_what_one_may_see(add: AddTask, jared: Caller, stranger: Caller) -> None:
    add("One", priority=5), add("Two")
    jared.post("tasks/claim")
    told = jared.get("stats").json
    assert (told["tasks"]["claimed"], told["tasks"]["queued"], told["bands"]["normal"]) == (1, 1, 1)
    assert told["agents"]["active"] == 1
    assert jared.get("stats?project=shop").json["tasks"]["queued"] == 1
    assert jared.get("stats?project=lab").status == 404
    assert stranger.get("stats").json["tasks"]["queued"] == 0


@pytest.mark.parametrize("path", ["tasks", "/tasks", "/api/tasks", "/api/v1/nothing", "/livez"])
def test_no_answer_may_be_kept_by_a_cache_that_others_share(nobody: Caller, db: None, path: str) -> None:
    assert "public" not in nobody.get(path).headers.get("Cache-Control", "")
