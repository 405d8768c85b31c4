"""Context files and references on the pages: uploaded, renamed, brought back, and shown where they stand for nothing."""

import json

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from pytest_django import DjangoAssertNumQueries

from coordination.models import Agent, ApiKey, Phase, Project, Task, User
from coordination.operations import finish
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
from coordination.operations.report import Report
from coordination.queries import versions
from tests.webui.conftest import signed_in, started
from webui.requests import MOST_UPLOADED

IN_PLACE = {"HX-Request": "true"}
BOXES = b"---\ncontext: [task:1/result]\n---\n\n# Do it\n\n- [ ] first `one`\n- [x] `second`\n"


def undo_of(response: HttpResponse) -> dict[str, object]:
    found: dict[str, object] = json.loads(response.headers["HX-Trigger"])["muster:said"]["undo"]
    return found


def paths_of(task: Task) -> list[str]:
    return list(task.files.values_list("path", flat=True))


def test_several_files_are_uploaded_as_one_version(pat: User, task: Task) -> None:
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b")]
    signed_in(pat).post(f"/t/{task.pk}/files/upload", {"file": files, "base": task.head})
    task.refresh_from_db()
    assert paths_of(task) == ["context/a.txt", "context/b.txt", "context/names.md", "instructions.md"]
    assert len(versions.history(task).items) == 2


def test_a_file_is_renamed_in_one_version_and_named_back(pat: User, task: Task) -> None:
    client = signed_in(pat)
    form = {"path": "context/names.md", "name": "context/words/names.md", "base": task.head}
    undo = undo_of(client.post(f"/t/{task.pk}/files/rename", form, headers=IN_PLACE))
    task.refresh_from_db()
    assert paths_of(task) == ["context/words/names.md", "instructions.md"]
    assert versions.diff(task, versions.history(task).items[1].commit, task.head).files[0].status == "renamed"
    client.post(str(undo["url"]), undo["fields"], headers=IN_PLACE)
    assert paths_of(task) == ["context/names.md", "instructions.md"]


def test_a_name_that_is_taken_or_kept_is_refused(pat: User, task: Task) -> None:
    save_files(task, {"context/a.md": b"a"}, base=task.head, actor=pat.actor)
    task.refresh_from_db()
    client = signed_in(pat)
    for name, status in {"context/a.md": 409, "instructions.md": 422, "../x": 422}.items():
        form = {"path": "context/names.md", "name": name, "base": task.head}
        assert client.post(f"/t/{task.pk}/files/rename", form, headers=IN_PLACE).status_code == status, name
    assert paths_of(task) == ["context/a.md", "context/names.md", "instructions.md"]


def test_a_deleted_file_is_brought_back(pat: User, task: Task) -> None:
    client = signed_in(pat)
    undo = undo_of(client.post(f"/t/{task.pk}/files/delete", {"path": "context/names.md", "base": task.head}, headers=IN_PLACE))
    assert paths_of(task) == ["instructions.md"]
    client.post(str(undo["url"]), undo["fields"], headers=IN_PLACE)
    assert versions.content(task, "context/names.md") == b"# Names\n"


def test_the_list_says_who_saved_a_file_last(pat: User, ada: User, task: Task) -> None:
    save_files(task, {"context/by-pat.csv": b"a,b\n"}, base=task.head, actor=pat.actor)
    page = signed_in(ada).get(f"/t/{task.pk}/files").content.decode()
    assert "table, 4 B, saved by <bdi>pat</bdi>" in page
    assert "Markdown, 8 B, saved by <bdi>ada</bdi>" in page


def test_references_are_added_told_and_removed(pat: User, task: Task, project: Project, phase: Phase, jared: Agent, key: ApiKey) -> None:
    first = create_task(project, NewTask(title="Gather", phase=phase, files={"context/spec.md": b"# Spec\n"}), actor=pat.actor)
    finish.complete(started(first, jared, key), Report(result="Gathered."))
    client = signed_in(pat)
    asked = [
        {"kind": "result", "task": f"#{first.pk}"},
        {"kind": "file", "task": str(first.pk), "path": "context/spec.md"},
        {"kind": "attempt", "task": str(first.pk), "number": 1},
        {"kind": "file", "task": str(first.pk), "path": "context/gone.md"},
        {"kind": "text", "text": "https://example.org/a"},
        {"kind": "text", "text": "repo:shop/docs/api.md"},
        {"kind": "result", "task": "999"},
    ]
    for form in asked:
        task.refresh_from_db()
        assert client.post(f"/t/{task.pk}/references", form | {"base": task.head}, headers=IN_PLACE).status_code == 204, form
    page = client.get(f"/t/{task.pk}/").content.decode()
    assert f"task:{first.pk}/attempts/1/result" in page
    assert "There is no task #999 in this project." in page
    assert f"#{first.pk} has no file &#x27;context/gone.md&#x27;." in page
    assert "The project has no repository &#x27;shop&#x27;" in page
    assert page.count("Stands for nothing") == 3
    task.refresh_from_db()
    undo = undo_of(client.post(f"/t/{task.pk}/references/remove", {"reference": "task:999/result", "base": task.head}, headers=IN_PLACE))
    assert "task:999" not in versions.content(task, "instructions.md").decode()
    client.post(str(undo["url"]), undo["fields"])
    text = versions.content(task, "instructions.md").decode()
    assert "task:999" in text
    assert text.endswith("# Parse\n\nRead **every** line.\n")


def test_what_is_no_reference_is_refused(pat: User, task: Task) -> None:
    client = signed_in(pat)
    for form in ({"kind": "text", "text": "see the other task"}, {"kind": "file", "task": "1"}, {"kind": "result", "task": "x"}):
        assert client.post(f"/t/{task.pk}/references", form | {"base": task.head}, headers=IN_PLACE).status_code == 422, form


def test_a_planner_ticks_a_box_and_a_viewer_only_sees_it(pat: User, vera: User, task: Task) -> None:
    task = save_files(task, {"instructions.md": BOXES}, base=task.head, actor=pat.actor)
    client = signed_in(pat)
    assert 'name="box" value="1"' in client.get(f"/t/{task.pk}/").content.decode()
    assert 'name="box"' not in signed_in(vera).get(f"/t/{task.pk}/").content.decode()
    client.post(f"/t/{task.pk}/tick", {"box": "0", "base": task.head})
    assert versions.content(task, "instructions.md") == BOXES.replace(b"[ ] first", b"[x] first")
    assert client.post(f"/t/{task.pk}/tick", {"box": "1", "base": task.head}).status_code == 409, "a stale base is refused"
    task.refresh_from_db()
    assert client.post(f"/t/{task.pk}/tick", {"box": "7", "base": task.head}).status_code == 422


def test_a_conflict_shows_what_differs_and_puts_both_together(pat: User, ada: User, task: Task) -> None:
    old = task.head
    save_files(task, {"instructions.md": b"# Parse\n\nRead **every** line.\n\nBy ada.\n"}, base=old, actor=ada.actor)
    client = signed_in(pat)
    mine = "# Parse all\n\nRead **every** line.\n"
    answer = client.post(f"/t/{task.pk}/files/save", {"path": "instructions.md", "content": mine, "base": old}, headers=IN_PLACE)
    page = answer.content.decode()
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (409, "#editing")
    assert "<ins> all</ins>" in page
    assert "the result holds every change of both" in page
    task.refresh_from_db()
    form = {"path": "instructions.md", "content": mine, "mine": mine, "base": task.head, "from": old}
    both = client.post(f"/t/{task.pk}/files/combine", form).content.decode()
    assert "# Parse all\n\nRead **every** line.\n\nBy ada.\n</textarea>" in both
    assert f"{mine}</textarea>" in both, "what was typed stays beside it"


def test_the_files_page_takes_few_queries_with_many_files(
    ada: User, task: Task, project: Project, phase: Phase, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    others = [create_task(project, NewTask(title=f"T{number}", phase=phase), actor=ada.actor) for number in range(12)]
    lines = "\n".join(f"  - task:{other.pk}/result" for other in others)
    files = {f"context/{number}.md": b"x" for number in range(20)} | {"instructions.md": f"---\ncontext:\n{lines}\n---\nDo.".encode()}
    save_files(task, files, base=task.head, actor=ada.actor)
    client = signed_in(ada)
    with django_assert_max_num_queries(15):
        page = client.get(f"/t/{task.pk}/files").content.decode()
    assert page.count("has no result yet") == 24, "in the text's head and in the list"


def test_more_than_the_memory_should_hold_is_refused_before_it_is_read(pat: User, task: Task) -> None:
    file = SimpleUploadedFile("large.bin", bytes(MOST_UPLOADED + 1))
    answer = signed_in(pat).post(f"/t/{task.pk}/files/upload", {"file": file, "base": task.head})
    assert answer.status_code == 413
    assert "send at most 50,000,000 at once" in answer.content.decode()


def test_what_somebody_else_did_to_other_files_is_no_conflict(pat: User, ada: User, task: Task) -> None:
    client, old = signed_in(pat), task.head
    save_files(task, {"context/by-ada.md": b"# Ada\n"}, base=old, actor=ada.actor)
    saved = client.post(f"/t/{task.pk}/files/save", {"path": "instructions.md", "content": "Read less.\n", "base": old}, headers=IN_PLACE)
    assert saved.status_code == 204
    for what, form in (
        ("files/upload", {"file": SimpleUploadedFile("a.txt", b"a")}),
        ("files/rename", {"path": "context/names.md", "name": "context/words.md"}),
        ("references", {"kind": "text", "text": "https://example.org/"}),
        ("references/remove", {"reference": "https://example.org/"}),
    ):
        assert client.post(f"/t/{task.pk}/{what}", form | {"base": old}, headers=IN_PLACE).status_code == 204, what
    assert paths_of(task) == ["context/a.txt", "context/by-ada.md", "context/words.md", "instructions.md"]


def test_what_somebody_else_did_to_the_same_file_is_one(pat: User, ada: User, task: Task) -> None:
    client, old = signed_in(pat), task.head
    save_files(task, {"context/names.md": b"# Other names\n"}, base=old, actor=ada.actor)
    for what, form in (
        ("files/upload", {"file": SimpleUploadedFile("names.md", b"a")}),
        ("files/rename", {"path": "context/names.md", "name": "context/words.md"}),
        ("files/delete", {"path": "context/names.md"}),
    ):
        assert client.post(f"/t/{task.pk}/{what}", form | {"base": old}, headers=IN_PLACE).status_code == 409, what
    assert versions.content(task, "context/names.md") == b"# Other names\n"


def test_a_deleted_file_is_brought_back_although_others_were_saved_since(pat: User, ada: User, task: Task) -> None:
    client = signed_in(pat)
    undo = undo_of(client.post(f"/t/{task.pk}/files/delete", {"path": "context/names.md", "base": task.head}, headers=IN_PLACE))
    task.refresh_from_db()
    save_files(task, {"context/by-ada.md": b"# Ada\n"}, base=task.head, actor=ada.actor)
    assert client.post(str(undo["url"]), undo["fields"], headers=IN_PLACE).status_code == 204
    assert paths_of(task) == ["context/by-ada.md", "context/names.md", "instructions.md"]


def test_a_refused_upload_says_so_and_shows_nothing_that_nobody_typed(pat: User, task: Task) -> None:
    big = SimpleUploadedFile("big.bin", b"\0" * 1_000_001)
    page = signed_in(pat).post(f"/t/{task.pk}/files/upload", {"file": big, "base": task.head}).content.decode()
    assert "a file may have 1,000,000" in page
    assert "What you typed" not in page
