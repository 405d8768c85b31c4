import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.html import strip_tags

from coordination.models import Task, User
from tests.repo_store.hostile_names import HOSTILE_NAMES, MISPLACED_NAMES
from tests.webui.conftest import signed_in

INSTRUCTIONS = "instructions.md"


def text_of(task: Task, path: str = INSTRUCTIONS) -> str | None:
    file = task.files.filter(path=path).first()
    return file.text if file else None


def test_saving_makes_a_version_by_the_person(pat: User, task: Task) -> None:
    client = signed_in(pat)
    form = {"path": INSTRUCTIONS, "content": "# Parse\r\n\r\nOnly the first line.\r\n", "base": task.head, "message": "Read less"}
    assert client.post(f"/t/{task.pk}/files/save", form).status_code == 302
    assert text_of(task) == "# Parse\n\nOnly the first line.\n"
    history = client.get(f"/t/{task.pk}/history").content.decode()
    assert "Read less" in history
    assert "<bdi>pat</bdi>" in history


def test_a_save_on_an_old_version_shows_both_texts_and_loses_neither(pat: User, ada: User, task: Task) -> None:
    old = task.head
    signed_in(ada).post(f"/t/{task.pk}/files/save", {"path": INSTRUCTIONS, "content": "The text of ada.", "base": old})
    client = signed_in(pat)
    answer = client.post(f"/t/{task.pk}/files/save", {"path": INSTRUCTIONS, "content": "The text of pat.", "base": old})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The text of ada." in page
    assert "The text of pat." in page
    assert text_of(task) == "The text of ada."
    task.refresh_from_db()
    assert f'name="base" value="{task.head}"' in page
    client.post(f"/t/{task.pk}/files/save", {"path": INSTRUCTIONS, "content": "The text of both.", "base": task.head})
    assert text_of(task) == "The text of both."


def test_files_are_uploaded_viewed_and_deleted(pat: User, task: Task) -> None:
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/files/upload", {"file": SimpleUploadedFile("notes.txt", b"a note"), "base": task.head})
    task.refresh_from_db()
    assert "a note" in client.get(f"/t/{task.pk}/files/view?path=context/notes.txt").content.decode()
    client.post(f"/t/{task.pk}/files/delete", {"path": "context/notes.txt", "base": task.head})
    assert text_of(task, "context/notes.txt") is None
    assert client.get(f"/t/{task.pk}/files/view?path=context/notes.txt").status_code == 404


@pytest.mark.parametrize(("name", "content"), [("page.html", b"<script>beacon()</script>"), ("image.svg", b"<svg onload='beacon()'/>")])
def test_a_file_is_never_a_page_of_ours(pat: User, task: Task, name: str, content: bytes) -> None:
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/files/upload", {"file": SimpleUploadedFile(name, content), "base": task.head})
    raw = client.get(f"/t/{task.pk}/raw?path=context/{name}")
    assert raw.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    assert raw.headers["Content-Security-Policy"].startswith("sandbox")


def test_what_is_not_text_is_only_downloaded(pat: User, task: Task) -> None:
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/files/upload", {"file": SimpleUploadedFile("photo.png", b"\x89PNG\xff\x00"), "base": task.head})
    raw = client.get(f"/t/{task.pk}/raw?path=context/photo.png")
    assert raw.headers["Content-Type"] == "application/octet-stream"
    assert raw.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "context/../../x", ".git/config", "instructions.md/x"])
def test_a_name_that_leads_elsewhere_is_refused(pat: User, task: Task, path: str) -> None:
    form = {"path": path, "content": "x", "base": task.head}
    assert signed_in(pat).post(f"/t/{task.pk}/files/save", form).status_code in (404, 422)


def test_the_editor_refuses_every_hostile_name_of_the_table(pat: User, task: Task) -> None:
    """The table is the one that the API and a push are held against."""
    client, before = signed_in(pat), set(task.files.values_list("path", flat=True))
    for name in [*(name for name, _ in HOSTILE_NAMES), *MISPLACED_NAMES]:
        if name != name.strip() or any("\ud800" <= char <= "\udfff" for char in name):
            continue  # a form trims what is typed, and cannot carry half a character
        status = client.post(f"/t/{task.pk}/files/save", {"path": name, "content": "x", "base": task.head}).status_code
        assert status in (404, 422), (name, status)
    assert set(task.files.values_list("path", flat=True)) == before


def test_a_diff_shows_what_changed_and_a_restore_brings_it_back(pat: User, task: Task) -> None:
    client = signed_in(pat)
    first = task.head
    client.post(f"/t/{task.pk}/files/save", {"path": INSTRUCTIONS, "content": "Something else.\n", "base": first})
    task.refresh_from_db()
    page = client.get(f"/t/{task.pk}/diff?from={first}&to={task.head}").content.decode()
    assert "Something else." in page
    assert "Read **every** line." in strip_tags(page)
    client.post(f"/t/{task.pk}/restore", {"commit": first, "base": task.head})
    assert text_of(task) == "# Parse\n\nRead **every** line.\n"


def test_an_unknown_version_is_not_found(pat: User, task: Task) -> None:
    client = signed_in(pat)
    for commit in ("0" * 40, "main", "--help", "zzz"):
        assert client.get(f"/t/{task.pk}/diff?to={commit}").status_code == 404, commit


def test_the_preview_renders_like_the_page(pat: User, task: Task) -> None:
    answer = signed_in(pat).post(f"/t/{task.pk}/files/preview", {"content": "**bold**"}, headers={"HX-Request": "true"})
    assert answer.content.decode() == "<p><strong>bold</strong></p>\n"


def test_a_viewer_reads_files_and_cannot_change_them(vera: User, task: Task) -> None:
    client = signed_in(vera)
    assert client.get(f"/t/{task.pk}/files").status_code == 200
    assert client.get(f"/t/{task.pk}/files/edit").status_code == 403
    form = {"path": INSTRUCTIONS, "content": "x", "base": task.head, "commit": task.head}
    for verb in ("files/save", "files/delete", "restore"):
        assert client.post(f"/t/{task.pk}/{verb}", form).status_code == 403, verb
    assert text_of(task) == "# Parse\n\nRead **every** line.\n"


def test_a_stranger_finds_no_file(stranger: User, task: Task) -> None:
    client = signed_in(stranger)
    for path in ("", "files", "history", f"diff?to={task.head}", "raw", "attempts", "activity", "menu"):
        assert client.get(f"/t/{task.pk}/{path}").status_code == 404, path


def test_a_save_that_changes_nothing_says_so(pat: User, task: Task) -> None:
    client = signed_in(pat)
    form = {"path": INSTRUCTIONS, "content": text_of(task), "base": task.head}
    page = client.post(f"/t/{task.pk}/files/save", form, follow=True).content.decode()
    assert "Nothing changed: instructions.md reads so already." in page


def test_a_name_that_no_file_may_have_is_refused_before_it_is_written(pat: User, task: Task) -> None:
    client = signed_in(pat)
    for name in ("context/", "notes.md", "context/../x"):
        assert client.get(f"/t/{task.pk}/files/edit", {"path": name}).status_code == 422, name
    assert '<span class="chip">new</span>' in client.get(f"/t/{task.pk}/files/edit", {"path": "context/new.md"}).content.decode()
