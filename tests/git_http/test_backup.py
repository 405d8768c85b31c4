"""A backup of a running Muster, restored on an empty machine."""

import sys
from pathlib import Path

import pytest

from tests.conftest import fresh_database
from tests.git_http.cast import Answered, Shop
from tests.servers import ServerError, running_muster


def test_a_backup_restores_into_an_empty_home(shop: Shop, task: int, tmp_path: Path) -> None:
    pats = shop.clone(task, "pat", tmp_path / "pats")
    pats.commit(context__a="two\n")
    assert pats.push().succeeded
    done = shop.claim(task)
    shop.api("POST", f"/tasks/{task}/complete", {"lease_token": done["lease_token"], "result": "Built."}, key="fleet")
    held = shop.claim(other := shop.task())
    told = shop.server.manage("backup", str(tmp_path / "backup"))
    assert "repositories" in told
    (tmp_path / "db").mkdir()
    command = (sys.executable, "-m", "tests.journeys.serve")
    with fresh_database(tmp_path / "db") as url, running_muster(database_url=url, command=command) as server:
        server.manage("restore", str(tmp_path / "backup"))
        restored = Shop(server, shop.keys)
        assert restored.head(task) == shop.head(task)
        assert restored.api("GET", f"/tasks/{task}")["result"] == "Built."
        clone = restored.clone(task, "pat", tmp_path / "again")
        assert clone.git("rev-parse", "origin/main") == shop.head(task)
        assert clone.git("show", "origin/attempts/1:result.json") == pats.git("fetch", "-q") + pats.git(
            "show", "origin/attempts/1:result.json"
        )
        assert "all is well" in server.manage("repocheck")
        assert "agree" in server.manage("verify", str(task))
        with pytest.raises(Answered, match="lease_lost"):
            restored.api("POST", f"/tasks/{other}/complete", {"lease_token": held["lease_token"], "result": "x"}, key="fleet")
        assert restored.claim(other)["fence"] > held["fence"] + 1000
        assert restored.task() > other
        with pytest.raises(ServerError, match="not empty"):
            server.manage("restore", str(tmp_path / "backup"))


def test_a_damaged_backup_is_refused(shop: Shop, task: int, tmp_path: Path) -> None:
    shop.server.manage("backup", str(tmp_path / "backup"))
    with (tmp_path / "backup/rows/task.jsonl").open("a") as file:
        file.write("\n")
    with pytest.raises(ServerError, match=r"task.jsonl is missing from the backup or damaged"):
        shop.server.manage("restore", str(tmp_path / "backup"))


def test_a_backup_never_overwrites_one(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with pytest.raises(ServerError, match="name a directory that does not"):
        shop.server.manage("backup", str(tmp_path / "backup"))
