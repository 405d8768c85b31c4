"""The plan as files: out as an archive, back as a difference that is looked at first, and refused when it is stale."""

import gzip
import io
import json
import re
import tarfile
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from coordination.errors import Invalid, LimitExceeded
from coordination.models import Project, Role, Task, User
from coordination.operations.projects import create_project, grant_role
from coordination.operations.tasks import edit_task
from coordination.plan_parcel import LARGEST_TAR, as_tar, as_zip, unpacked, unwrapped
from coordination.plan_writing import write_plan
from coordination.queries import versions
from coordination.queries.planned import planned
from tests.webui.conftest import signed_in


def files_of(project: Project) -> dict[str, bytes]:
    return write_plan(planned(project).plan)


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def previewed(client: Client, files: dict[str, bytes]) -> str:
    archive = SimpleUploadedFile("plan.zip", as_zip(files, "tally-plan"))
    answer = client.post("/p/tally/plan/files/preview", {"archive": archive}, follow=True)
    assert (answer.status_code, len(answer.redirect_chain)) == (200, 1), answer.content.decode()
    return answer.content.decode()


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_the_plan_goes_out_as_an_archive_and_comes_back_unchanged(pat: User, project: Project, task: Task, kind: str) -> None:
    client = signed_in(pat)
    answer = client.get(f"/p/tally/plan/files/download?as={kind}")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="tally-plan.')
    name = "plan.zip" if kind == "zip" else "plan.tar.gz"
    assert unpacked([(name, answer.content)]) == files_of(project)
    page = client.post("/p/tally/plan/files/preview", {"archive": SimpleUploadedFile(name, answer.content)}, follow=True).content.decode()
    assert "there is nothing to do" in page


def test_a_preview_tells_what_would_change_and_applying_does_it(pat: User, project: Project, task: Task) -> None:
    client = signed_in(pat)
    files = files_of(project)
    path = next(path for path in files if path.endswith("write-the-parser.md"))
    files[path] = files[path].replace(b"title: Write the parser", b"title: Write it\npriority: 5").replace(b"every", b"each")
    files[path.replace("01-write-the-parser", "02-test-it")] = b"---\nkey: test-it\n---\n# Test it\n"
    page = previewed(client, files)
    for expected in ("1 created", "1 changed", "Test it", "<del>every</del>", "<ins>each</ins>", "priority"):
        assert expected in page, expected
    task.refresh_from_db()
    assert task.title == "Write the parser"
    client.post("/p/tally/plan/files/apply", {"preview": hidden(page, "preview"), "seen": hidden(page, "seen")})
    task.refresh_from_db()
    assert (task.title, task.priority) == ("Write it", 5)
    assert b"**each**" in versions.content(task, "instructions.md")
    assert project.tasks.filter(key="test-it").exists()


def test_a_planners_plan_that_changes_what_only_an_admin_may_is_refused_in_words(
    pat: User, ada: User, project: Project, task: Task
) -> None:
    files = files_of(project)
    files["plan.md"] = files["plan.md"].replace(b"---\n", b"---\nmax_running: 2\n", 1)
    refused = signed_in(pat).post(
        "/p/tally/plan/files/preview", {"archive": SimpleUploadedFile("plan.zip", as_zip(files, "p"))}, follow=True
    )
    assert (refused.status_code, "Changing max_running needs the admin role" in refused.content.decode()) == (403, True)
    own = {"preview": refused.redirect_chain[0][0].partition("preview=")[2]}
    assert signed_in(pat).post("/p/tally/plan/files/apply", own, follow=True).status_code == 403
    page = previewed(signed_in(ada), files)
    form = {"preview": hidden(page, "preview"), "seen": hidden(page, "seen")}
    assert signed_in(pat).post("/p/tally/plan/files/apply", form, follow=True).status_code == 404
    project.refresh_from_db()
    assert project.max_running is None
    signed_in(ada).post("/p/tally/plan/files/apply", form)
    project.refresh_from_db()
    assert project.max_running == 2


def test_a_stale_preview_is_refused_and_shown_anew(pat: User, ada: User, project: Project, task: Task) -> None:
    client = signed_in(pat)
    files = files_of(project)
    path = next(path for path in files if path.endswith("write-the-parser.md"))
    files[path] = files[path].replace(b"Write the parser", b"Write it")
    page = previewed(client, files)
    edit_task(task, {"priority": 3}, actor=ada.actor)
    form = {"preview": hidden(page, "preview"), "seen": hidden(page, "seen")}
    again = client.post("/p/tally/plan/files/apply", form, follow=True).content.decode()
    assert "changed since this preview" in again
    task.refresh_from_db()
    assert (task.title, task.priority) == ("Write the parser", 3)
    client.post("/p/tally/plan/files/apply", {"preview": hidden(again, "preview"), "seen": hidden(again, "seen")})
    task.refresh_from_db()
    assert task.title == "Write it"


def test_a_directory_is_uploaded_with_its_paths(pat: User, project: Project, task: Task) -> None:
    files = files_of(project)
    uploads = [SimpleUploadedFile(path.rsplit("/", 1)[-1], content) for path, content in files.items()]
    paths = json.dumps([f"my-plan/{path}" for path in files])
    page = signed_in(pat).post("/p/tally/plan/files/preview", {"directory": uploads, "paths": paths}, follow=True).content.decode()
    assert "there is nothing to do" in page


def test_every_mistake_is_told_with_its_file(pat: User, project: Project) -> None:
    files = {"phase-01-build/task-01-x.md": b"---\npriority: 4000\nneeds: [y]\n---\n# X\n"}
    archive = SimpleUploadedFile("plan.zip", as_zip(files, "p"))
    answer = signed_in(pat).post("/p/tally/plan/files/preview", {"archive": archive}, follow=True)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Nothing was imported: 2 mistakes" in page
    assert page.count("phase-01-build/task-01-x.md") == 2


def _tar_with(entry: tarfile.TarInfo) -> bytes:
    told = io.BytesIO()
    with tarfile.open(fileobj=told, mode="w") as archive:
        archive.addfile(entry)
    return told.getvalue()


def _link() -> tarfile.TarInfo:
    entry = tarfile.TarInfo("phase-01-x/task-01-y.md")
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return entry


def _bomb(packed: int = zipfile.ZIP_DEFLATED, size: int = 60_000_000) -> bytes:
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", packed) as archive:
        archive.writestr("plan.md", b"\0" * size)
    return told.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plan.zip", b"no archive"),
        ("plan.tar", b"no archive"),
        ("plan.tar.gz", b"\x1f\x8b broken"),
        ("plan.tar", _tar_with(_link())),
        ("plan.zip", as_zip({"../../etc/x.md": b"x"}, "p")),
        ("plan.tar.gz", as_tar({".git/config": b"x"}, "p")),
        ("plan.zip", _bomb()),
        ("plan.zip", _bomb(zipfile.ZIP_LZMA, 10)),
    ],
)
def test_a_hostile_archive_is_refused_in_a_sentence(pat: User, project: Project, name: str, content: bytes) -> None:
    answer = signed_in(pat).post("/p/tally/plan/files/preview", {"archive": SimpleUploadedFile(name, content)}, follow=True)
    assert answer.status_code in (413, 422)
    assert "Nothing was imported" in answer.content.decode()


def test_an_archive_that_says_endless_things_about_its_files_is_refused_before_it_is_unpacked() -> None:
    entry = tarfile.TarInfo("plan.md")
    entry.pax_headers = {"comment": "x" * LARGEST_TAR}
    content = gzip.compress(_tar_with(entry), 1)
    assert len(content) < 1_000_000
    with pytest.raises(LimitExceeded):
        unpacked([("plan.tar.gz", content)])


def test_a_preview_has_an_address_that_says_what_the_plan_would_do_now(pat: User, ada: User, project: Project, task: Task) -> None:
    client, files = signed_in(pat), files_of(project)
    path = next(path for path in files if path.endswith("write-the-parser.md"))
    files[path] = files[path].replace(b"Write the parser", b"Write it")
    archive = SimpleUploadedFile("plan.zip", as_zip(files, "p"))
    address = client.post("/p/tally/plan/files/preview", {"archive": archive}).headers["Location"]
    page = client.get(address).content.decode()
    assert "1 changed" in page
    client.post("/p/tally/plan/files/apply", {"preview": hidden(page, "preview"), "seen": hidden(page, "seen")})
    assert "there is nothing to do" in client.get(address).content.decode()
    relay = create_project(slug="relay", name="Relay", actor=ada.actor)
    grant_role(relay, pat, Role.PLANNER, actor=ada.actor)
    for other, where in ((ada, address), (pat, "/p/tally/plan/files?preview=nothing"), (pat, address.replace("tally", "relay"))):
        answer = signed_in(other).get(where)
        assert answer.status_code == 404, where
        assert "What this plan would do" not in answer.content.decode()


def test_a_preview_that_is_over_applies_nothing(pat: User, project: Project) -> None:
    client = signed_in(pat)
    for key in ("x", "0" * 32, "\0" * 32, "ü" * 32):
        assert "This preview is over" in client.post("/p/tally/plan/files/apply", {"preview": key}, follow=True).content.decode()


def test_a_damaged_parcel_is_refused() -> None:
    for parcel in ("", "x", "eJwrSS0uAQAEXQHB"):
        with pytest.raises(Invalid):
            unwrapped(parcel)


def test_a_viewer_takes_the_plan_out_and_brings_nothing_back(vera: User, stranger: User, task: Task) -> None:
    client = signed_in(vera)
    assert client.get("/p/tally/plan/files/download").status_code == 200
    assert "Show what it would do" not in client.get("/p/tally/plan/files").content.decode()
    assert client.post("/p/tally/plan/files/preview", {}).status_code == 403
    assert client.post("/p/tally/plan/files/apply", {}).status_code == 403
    assert signed_in(stranger).get("/p/tally/plan/files").status_code == 404
