import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

from worker.profiles import ProfileError, config_path, write_profile

HERE, THERE = "http://127.0.0.1:8000", "https://muster.example.org"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "muster" / "config.toml"


def read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text())


def test_the_first_profile_is_the_default_and_private(path: Path) -> None:
    assert write_profile(HERE, "mst_a_b", path) == path
    assert read(path) == {"default": HERE, "profiles": {HERE: {"url": HERE, "key": "mst_a_b"}}}
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_second_server_leaves_the_first_and_the_default_alone(path: Path) -> None:
    write_profile(THERE, "mst_a_b", path)
    write_profile(HERE, "mst_c_d", path)
    assert read(path) == {"default": THERE, "profiles": {THERE: {"url": THERE, "key": "mst_a_b"}, HERE: {"url": HERE, "key": "mst_c_d"}}}


def test_what_a_person_wrote_stays_as_it_was(path: Path) -> None:
    path.parent.mkdir(parents=True)
    written = f'# mine\ncolour = "auto"\n\n[profiles.work]\nurl = "{THERE}"  # the office\nkey = "mst_x_y"\n\n[agent]\nname = "jared"\n'
    path.write_text(written)
    write_profile(HERE, "mst_a_b", path)
    assert written.strip() in path.read_text()
    assert read(path)["default"] == HERE
    assert read(path)["agent"] == {"name": "jared"}


def test_a_new_key_of_the_same_address_replaces_the_old_one_and_keeps_a_copy(path: Path) -> None:
    write_profile(HERE, "mst_old_1", path)
    write_profile(THERE, "mst_t_t", path)
    write_profile(HERE, "mst_new_2", path)
    assert read(path)["profiles"] == {THERE: {"url": THERE, "key": "mst_t_t"}, HERE: {"url": HERE, "key": "mst_new_2"}}
    before = path.with_name("config.toml.before")
    assert read(before)["profiles"][HERE]["key"] == "mst_old_1"
    assert before.stat().st_mode & 0o777 == 0o600


def test_a_profile_written_in_another_way_is_left_to_its_owner(path: Path) -> None:
    path.parent.mkdir(parents=True)
    written = f'profiles = {{ "{HERE}" = {{ url = "{HERE}", key = "mst_o_o" }} }}\n'
    path.write_text(written)
    with pytest.raises(ProfileError, match="only you can change"):
        write_profile(HERE, "mst_n_n", path)
    assert path.read_text() == written


def test_a_broken_file_is_not_touched(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("default = [")
    with pytest.raises(ProfileError, match="not valid TOML"):
        write_profile(HERE, "mst_a_b", path)
    assert path.read_text() == "default = ["


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileError, match="cannot be written"):
        write_profile(HERE, "mst_a_b", tmp_path / "file" / "muster" / "config.toml")


def test_it_lies_where_xdg_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MUSTER_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert config_path() == tmp_path / "muster" / "config.toml"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert config_path() == tmp_path / ".config" / "muster" / "config.toml"
    assert os.environ["HOME"] == str(tmp_path)


def test_a_file_that_is_named_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MUSTER_CONFIG", str(tmp_path / "mine.toml"))
    assert config_path() == tmp_path / "mine.toml"
