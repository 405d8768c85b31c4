"""What refuses to start, and with which remedy (C11, G13)."""

import os
import stat
from pathlib import Path

import pytest
from django.core import checks as django_checks
from django.test import override_settings

from coordination import checks


def ids(found: list[django_checks.CheckMessage]) -> list[str]:
    assert all(message.hint and message.msg.endswith(".") for message in found), "each says what is wrong and what to do"
    return [message.id or "" for message in found]


def test_a_default_installation_has_no_complaints() -> None:
    assert [message for message in django_checks.run_checks() if (message.id or "").startswith("muster.")] == []


@pytest.mark.parametrize(
    "url",
    [
        "muster.example.org",
        "ftp://muster.example.org",
        "https://",
        "https://x.org/muster",
        "https://x.org?a=b",
        "https://u@x.org",
        "https://x.org:0",
        "https://x.org:x",
    ],
)
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with override_settings(PUBLIC_URL=url):
        assert ids(checks.public_url_is_sane(None)) == ["muster.E004"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://localhost", "http://[::1]:8000"])
def test_on_this_machine_alone_debug_and_http_are_fine(url: str) -> None:
    with override_settings(PUBLIC_URL=url, DEBUG=True):
        assert ids(checks.public_url_is_sane(None)) == []


def test_debug_is_refused_where_others_can_see_it() -> None:
    with override_settings(PUBLIC_URL="https://muster.example.org", ALLOWED_HOSTS=[".example.org"], DEBUG=True):
        assert ids(checks.public_url_is_sane(None)) == ["muster.E005"]


def test_a_public_url_whose_host_would_be_refused_is_refused() -> None:
    with override_settings(PUBLIC_URL="https://muster.example.org", ALLOWED_HOSTS=["localhost"]):
        found = checks.public_url_is_sane(None)
    assert ids(found) == ["muster.E006"]
    assert "ALLOWED_HOSTS=localhost,muster.example.org" in (found[0].hint or "")


def test_plain_http_for_others_is_warned_of() -> None:
    with override_settings(PUBLIC_URL="http://muster.lan", ALLOWED_HOSTS=["muster.lan"]):
        found = checks.public_url_is_sane(None)
    assert ids(found) == ["muster.W001"]
    assert found[0].level == django_checks.WARNING


@pytest.mark.parametrize(
    "key",
    [
        "a" * 64,
        "django-insecure-" + "0123456789abcdefghij" * 2,
        "changeme-changeme-changeme-changeme-1234",
        "athena-homelab-key-athena-homelab-key",
    ],
)
def test_a_secret_that_others_know_is_refused(key: str) -> None:
    with override_settings(SECRET_KEY=key):
        assert ids(checks.secrets_are_secret(None)) == ["muster.E003"]


def test_an_old_secret_that_others_know_is_refused_too() -> None:
    with override_settings(SECRET_KEY_FALLBACKS=["a" * 64]):
        assert ids(checks.secrets_are_secret(None)) == ["muster.E003"]


def test_a_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with override_settings(REPO_ROOT=tmp_path / "file" / "repos"):
        assert ids(checks.directories_are_writable(None)) == ["muster.E001"]


@pytest.mark.parametrize(
    ("says", "refused"),
    [
        ("git version 2.39.5", False),
        ("git version 2.50.1 (Apple Git-155)", False),
        ("git version 2.39.4", True),
        ("git version 2.25.1", True),
        ("gibberish", True),
    ],
)
def test_an_old_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, refused: bool) -> None:
    program = tmp_path / "git"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert ids(checks.git_is_new_enough(None)) == (["muster.E002"] if refused else [])


def test_a_missing_git_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ids(checks.git_is_new_enough(None)) == ["muster.E002"]


MOUNTS = r"""/dev/sda1 / ext4 rw 0 0
server:/export /srv nfs4 rw,vers=4.2 0 0
tmpfs /srv/fast tmpfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
garbage
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/muster.sqlite3", "ext4"),
        ("/srv/muster.sqlite3", "nfs4"),
        ("/srv/fast/muster.sqlite3", "tmpfs"),
        ("/srvx/a", "ext4"),
        ("/mnt/my share/a", "cifs"),
    ],
)
def test_the_file_system_of_a_path_is_that_of_the_nearest_mount(tmp_path: Path, path: str, kind: str) -> None:
    (tmp_path / "mounts").write_text(MOUNTS)
    assert checks.filesystem_of(Path(path), tmp_path / "mounts") == kind


def test_without_a_table_of_mounts_nothing_is_claimed(tmp_path: Path) -> None:
    assert checks.filesystem_of(Path("/x"), tmp_path / "none") == ""


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs"])
def test_sqlite_on_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(checks, "filesystem_of", lambda path: kind)  # no test can mount NFS
    assert ids(checks._about_sqlite(Path("/srv/muster.sqlite3"))) == ["muster.E009"]


@pytest.mark.django_db
def test_the_database_of_this_run_fits() -> None:
    assert [message for message in checks.database_fits(None, databases=["default"]) if message.level >= django_checks.ERROR] == []


def test_a_clock_before_muster_was_made_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MADE_AFTER", checks.datetime.max.replace(tzinfo=checks.UTC))
    assert ids(checks.clock_is_set(None)) == ["muster.E007"]
