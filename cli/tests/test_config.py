"""Which server, which key: from flags, environment and profiles."""

from pathlib import Path

import pytest

from tqc.config import config_path, load, read_profiles, save_profile
from tqc.errors import NotConfigured

HERE, THERE = "http://127.0.0.1:8000", "http://other:8000"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_CONFIG", str(tmp_path / "config.toml"))


def settings(environment: dict[str, str] | None = None, **flags: str) -> tuple[str, str, str]:
    found = load(flags, environment or {})
    return found.url, found.key, found.agent


def test_the_seeds_names_are_understood() -> None:
    assert settings({"TASK_API_URL": HERE, "AGENT_ID": "jared"}) == (HERE, "", "jared")
    names = {"ATHENA_API_URL": HERE, "ATHENA_API_KEY": "k", "CLAUDE_INSTANCE": "macbook-pro", "CLAUDE_INSTANCE_NAME": "MacBook Pro"}
    assert settings(names) == (HERE, "k", "macbook-pro")
    assert load({}, names).display_name == "MacBook Pro"


def test_our_own_names_win_and_flags_win_over_all() -> None:
    names = {"MUSTER_URL": HERE, "TASK_API_URL": THERE, "MUSTER_API_KEY": "k", "MUSTER_AGENT": "jared"}
    assert settings(names) == (HERE, "k", "jared")
    assert settings(names, agent="jean")[2] == "jean"


def test_a_profile_is_stored_for_its_owner_and_found_again() -> None:
    save_profile(HERE, {"url": HERE, "key": "mst_a", "agent": "jared"}, make_default=True)
    save_profile("far", {"url": THERE, "key": "mst_b"}, make_default=False)
    assert config_path().stat().st_mode & 0o777 == 0o600
    assert settings() == (HERE, "mst_a", "jared")
    assert settings(profile="far") == (THERE, "mst_b", "")
    assert read_profiles()["profiles"]["far"]["key"] == "mst_b"


def test_a_key_goes_only_to_the_address_it_was_stored_with() -> None:
    save_profile("near", {"url": HERE, "key": "mst_a"}, make_default=True)
    assert settings({"MUSTER_URL": THERE}) == (THERE, "", "")
    assert settings({"MUSTER_URL": HERE + "/"}) == (HERE + "/", "mst_a", "")
    assert settings({"MUSTER_URL": THERE}, profile="near") == (THERE, "", "")


def test_a_key_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("mst_c\n")
    assert settings({"MUSTER_URL": HERE, "MUSTER_API_KEY_FILE": str(tmp_path / "key")}) == (HERE, "mst_c", "")


@pytest.mark.parametrize("content", ["[[", "= 1", "\x00"])
def test_a_broken_file_is_named(content: str) -> None:
    config_path().write_text(content)
    with pytest.raises(NotConfigured, match=r"config\.toml"):
        load({}, {})


def test_what_others_wrote_into_the_file_stays() -> None:
    config_path().write_text('default = "http://x"\n\n[profiles."http://x"]\nurl = "http://x"\nkey = "mst_x"\nnote = "Ada\'s"\n')
    save_profile("new", {"url": HERE}, make_default=False)
    assert read_profiles()["profiles"]["http://x"] == {"url": "http://x", "key": "mst_x", "note": "Ada's"}
    assert read_profiles()["default"] == "http://x"
