"""/tasks/{id}/files and their versions."""

import base64
import gzip
import io
import tarfile
from typing import Any

import pytest

from coordination.models import TaskFile
from tests.coordination.api.conftest import AddTask, Caller
from tests.repo_store.hostile_names import HOSTILE_NAMES


def save(planner: Caller, number: int, path: str, content: str, base: str) -> dict[str, Any]:
    answer = planner.put(f"tasks/{number}/files/{path}", {"content": content, "base": base, "message": f"Write {path}"})
    assert answer.status == 200, answer
    return dict(answer.json)


def test_a_file_is_written_read_changed_and_deleted(planner: Caller, vera: Caller, add: AddTask) -> None:
    task = add()
    first = save(planner, task.pk, "instructions.md", "# One\n", "")
    second = save(planner, task.pk, "instructions.md", "# Two\n", first["head"])
    read = vera.get(f"tasks/{task.pk}/files/instructions.md").json
    assert (read["text"], read["commit"]) == ("# Two\n", second["head"])
    assert vera.get(f"tasks/{task.pk}/files/instructions.md?commit={first['head']}").json["text"] == "# One\n"
    assert [each["path"] for each in vera.get(f"tasks/{task.pk}/files").json["items"]] == ["instructions.md"]
    gone = planner.delete(f"tasks/{task.pk}/files/instructions.md", if_match=f'"{second["head"]}"')
    assert gone.status == 200, gone
    assert vera.get(f"tasks/{task.pk}/files").json == {"task": task.pk, "head": gone.json["head"], "items": []}
    assert vera.get(f"tasks/{task.pk}/files?commit={first['head']}").json["items"][0]["size"] == 6


def test_a_save_on_a_stale_version_is_refused_with_the_difference(planner: Caller, add: AddTask) -> None:
    task = add(instructions="# One\n")
    base = planner.get(f"tasks/{task.pk}/files").json["head"]
    save(planner, task.pk, "instructions.md", "# Two\n", base)
    stale = planner.put(f"tasks/{task.pk}/files/instructions.md", {"content": "# Three\n", "base": base})
    assert (stale.status, stale.json["code"], stale.json["base"]) == (409, "stale_version", base)
    assert "+# Two" in stale.json["diff"]
    assert bytes(TaskFile.objects.get().content) == b"# Two\n"


def test_nothing_is_overwritten_by_somebody_who_did_not_look(planner: Caller, add: AddTask) -> None:
    task = add(instructions="# One\n")
    refused = planner.put(f"tasks/{task.pk}/files/instructions.md", {"content": "# Two\n"})
    assert (refused.status, refused.json["errors"][0]["field"]) == (422, "base")


def test_several_files_are_one_version_and_bytes_stay_bytes(planner: Caller, add: AddTask) -> None:
    task = add()
    raw = bytes(range(256))
    saved = planner.post(
        f"tasks/{task.pk}/files",
        {"files": {"instructions.md": "# Do", "context/a.bin": {"base64": base64.b64encode(raw).decode()}}, "base": ""},
    )
    assert saved.status == 200, saved
    assert len(planner.get(f"tasks/{task.pk}/history").json["items"]) == 1
    assert base64.b64decode(planner.get(f"tasks/{task.pk}/files/context/a.bin").json["base64"]) == raw
    as_is = planner.get(f"tasks/{task.pk}/files/context/a.bin?raw=true")
    assert as_is.content == raw
    assert as_is.headers["Content-Type"] == "application/octet-stream"
    assert as_is.headers["Content-Disposition"] == "attachment"


def test_history_diff_blame_restore_and_archive(planner: Caller, add: AddTask) -> None:
    task = add(instructions="one\ntwo\n")
    first = planner.get(f"tasks/{task.pk}/files").json["head"]
    second = save(planner, task.pk, "instructions.md", "one\nTWO\n", first)["head"]
    versions = planner.get(f"tasks/{task.pk}/history?limit=1")
    assert [each["commit"] for each in versions.json["items"]] == [second]
    rest = planner.get(f"tasks/{task.pk}/history?limit=1&cursor={versions.json['next_cursor']}").json
    assert [each["commit"] for each in rest["items"]] == [first]
    diff = planner.get(f"tasks/{task.pk}/diff?from={first}&to={second}").json
    assert (diff["additions"], diff["deletions"], diff["files"][0]["status"]) == (1, 1, "modified")
    patch = planner.get(f"tasks/{task.pk}/diff?from={first}&format=patch")
    assert b"+TWO" in patch.content
    blame = planner.get(f"tasks/{task.pk}/blame/instructions.md").json["lines"]
    assert [line["commit"] for line in blame] == [first, second]
    archive = planner.get(f"tasks/{task.pk}/archive")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(archive.content))) as tar:
        names = tar.getnames()
    assert any(name.endswith("instructions.md") for name in names)
    restored = planner.post(f"tasks/{task.pk}/restore", {"commit": first, "base": second})
    assert restored.status == 200, restored
    assert planner.get(f"tasks/{task.pk}/files/instructions.md").json["text"] == "one\ntwo\n"


@pytest.mark.parametrize(
    "path", ["..%2Fx", ".git%2Fconfig", "context%2F..%2F..%2Fx", "context%2Fa%00b", "%2Fetc%2Fpasswd", "context%2F.git", "CON", "x" * 2000]
)
def test_a_name_that_could_do_harm_is_refused_before_anything_is_touched(planner: Caller, add: AddTask, path: str) -> None:
    task = add()
    refused = planner.put(f"tasks/{task.pk}/files/{path}", {"content": "x", "base": ""})
    assert refused.status in (404, 422), refused
    assert not TaskFile.objects.exists()


def test_every_hostile_name_of_the_table_is_refused_with_its_reason(planner: Caller, add: AddTask) -> None:
    """The table is the one that a push is held against."""
    task = add()
    for name, word in HOSTILE_NAMES:
        if any("\ud800" <= char <= "\udfff" for char in name):
            continue  # JSON cannot carry half a character
        refused = planner.post(f"tasks/{task.pk}/files", {"files": {name: "x"}, "base": ""})
        assert refused.status == 422, (name, refused)
        if 0 < len(name) <= 500 and "\0" not in name:  # those are refused before anybody looks at them as names
            assert word in refused.json["detail"], (name, refused)
    assert not TaskFile.objects.exists()


def test_what_is_not_there_is_not_found(planner: Caller, add: AddTask) -> None:
    task, unknown = add(instructions="x"), "0" * 40
    for path in (
        "files/ghost.md",
        f"files?commit={unknown}",
        f"diff?from={unknown}",
        f"files/instructions.md?commit={unknown}",
        "blame/ghost.md",
    ):
        assert planner.get(f"tasks/{task.pk}/{path}").status == 404, path
    assert planner.get(f"tasks/{task.pk}/diff?from=main").status == 422
    bare = add("Bare")
    for path in ("archive", "diff", "blame/instructions.md"):
        assert planner.get(f"tasks/{bare.pk}/{path}").status == 404
    assert planner.get(f"tasks/{bare.pk}/history").json["items"] == []


def test_agents_read_and_do_not_write(jared: Caller, add: AddTask) -> None:
    task = add(instructions="x")
    assert jared.get(f"tasks/{task.pk}/files/instructions.md").status == 200
    assert jared.put(f"tasks/{task.pk}/files/instructions.md", {"content": "y", "base": task.head}).status == 403
