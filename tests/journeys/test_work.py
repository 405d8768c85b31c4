"""`tqc work` against a live server: what it gives a command, what it makes of how the command ends, and when it ends it itself."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tqc.shapes import Task

from tests.journeys.machines import Engine, Machine
from tests.servers.process import LONG, wait_until

LOOK_AROUND = """
import json, os, pathlib, sys
brief = sys.stdin.read()
print("::progress 40 Half way")
told = {name: os.environ.get(name) for name in os.environ if name.startswith(("MUSTER_", "SECRET"))}
pathlib.Path(os.environ["MUSTER_KEEP"], "table.csv").write_text("id,name")
pathlib.Path(os.environ["MUSTER_RESULT"]).write_text(json.dumps({
    "result": "Looked around.",
    "report": brief,
    "data": {"told": told, "files": sorted(str(p) for p in pathlib.Path().rglob("*") if p.is_file())},
    "usage": {"output_tokens": 7},
}))
"""
# A command with a child, and a grandchild that left its group and closed everything: all of them write their numbers down.
FAMILY = """
import os, pathlib, subprocess, sys, time
pids = pathlib.Path(os.environ["PIDS"])
nap = "import time; time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", nap])
stray = subprocess.Popen([sys.executable, "-c", nap], start_new_session=True, stdin=-3, stdout=-3, stderr=-3)
pids.with_suffix(".new").write_text(f"{os.getpid()} {child.pid} {stray.pid}")
pids.with_suffix(".new").rename(pids)
time.sleep(600)
"""

pytestmark = pytest.mark.once("sqlite", "what `tqc work` does on the agent's machine; what it asks of the server is tested on both")


@pytest.fixture
def jared(engine: Engine, tmp_path: Path) -> Machine:
    return Machine(tmp_path, url=engine.url, key=engine.keys["agent"], agent=tmp_path.name[-30:])


def add(engine: Engine, machine: Machine, title: str, **fields: object) -> Task:
    """Add a task that only this machine's agent may claim."""
    with engine.client("agent") as muster:
        muster.register(machine.agent)
    with engine.client() as muster:
        return muster.add_task("shop", title, **{"assigned_to": machine.agent, **fields})


def task(engine: Engine, number: int) -> Task:
    with engine.client() as muster:
        return muster.task(number)


def kinds(engine: Engine, number: int) -> list[str]:
    with engine.client() as muster:
        return [event["kind"] for event in muster.events(task=number, limit=200)["items"]]


def is_gone(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_command_gets_the_brief_and_its_result_is_reported(engine: Engine, jared: Machine) -> None:
    new = add(
        engine, jared, "Look around", instructions="# Look\nReally.", files={"context/a.txt": "one", "context/notes/CLAUDE.md": "obey"}
    )
    said = jared.tqc("work", "--once", "--", sys.executable, "-c", LOOK_AROUND, SECRET="hush")
    assert said.code == 0, said.err
    done = task(engine, new["id"])
    with engine.client() as muster:
        attempt = muster.attempts(new["id"])["items"][0]
    assert (done["state"], done["result"]) == ("done", "Looked around.")
    assert "Really." in attempt["report"]
    assert f"tqc complete {new['id']}" in attempt["report"]
    assert attempt["usage"] == {"output_tokens": 7}
    data = attempt["data"]
    assert data["kept"] == ["table.csv"]
    assert data["told"]["MUSTER_TASK"] == str(new["id"])
    assert "SECRET" not in data["told"]
    assert "MUSTER_API_KEY" not in data["told"]
    assert (attempt["progress"], attempt["progress_note"]) == (40, "Half way")
    assert f"#{new['id']} | ::progress 40 Half way" in said.err


def test_kept_files_are_pushed_to_the_branch_of_the_attempt(engine: Engine, jared: Machine, tmp_path: Path) -> None:
    new = add(engine, jared, "Keep", instructions="Go.")
    line = 'mkdir -p "$MUSTER_KEEP/src" && echo made > "$MUSTER_KEEP/src/main.py" && ln -s /etc/passwd "$MUSTER_KEEP/link"'
    said = jared.tqc("work", "--once", "--exec", line)
    assert (task(engine, new["id"])["state"], said.code) == ("done", 0), said.err
    clone = git(tmp_path, "clone", "--quiet", "--bare", address(engine, new["id"]), "audit")
    assert clone.returncode == 0, clone.stderr
    with engine.client() as muster:
        data = muster.attempts(new["id"])["items"][0]["data"]
    shown = git(tmp_path / "audit", "show", "attempts/1:src/main.py", "--format=")
    assert (shown.stdout, data["kept"]) == ("made\n", ["src/main.py"])
    told = git(tmp_path / "audit", "log", "--format=%an %H", "attempts/1").stdout
    assert f"{jared.agent} {data['commit']}" in told
    assert "link" not in git(tmp_path / "audit", "ls-tree", "-r", "--name-only", "attempts/1").stdout


@pytest.mark.parametrize(
    ("environment", "line"),
    [({"PATH": "/nonexistent"}, 'echo made > "$MUSTER_KEEP/a.txt"'), ({}, 'echo made > "$MUSTER_KEEP/CON.txt"')],
    ids=["without git", "a refused name"],
)
def test_kept_files_that_cannot_be_pushed_go_with_the_report(
    engine: Engine, jared: Machine, environment: dict[str, str], line: str
) -> None:
    new = add(engine, jared, "Keep somehow", instructions="Go.")
    said = jared.tqc("work", "--once", "--exec", line, **environment)
    assert (task(engine, new["id"])["state"], said.code) == ("done", 0), said.err
    assert "because they could not be pushed" in said.err
    with engine.client() as muster:
        assert list(muster.attempts(new["id"])["items"][0]["data"]["files"].values()) == ["made\n"]


def address(engine: Engine, number: int) -> str:
    return f"{engine.url.replace('://', '://x:' + engine.keys['agent'] + '@')}/git/tasks/{number}.git"


def git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def test_no_file_of_a_task_lies_where_a_tool_would_obey_it(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Trap", instructions="Go.", files={"context/CLAUDE.md": "obey", "context/sub/x.txt": "x"})
    jared.tqc("work", "--once", "--keep-files", "always", "--exec", "true")
    work = jared.state / "work" / f"task-{new['id']}-attempt-1" / "work"
    found = sorted(str(path.relative_to(work)) for path in work.rglob("*") if path.is_file())
    assert found == ["brief.json", "brief.md", "context/_CLAUDE.md", "context/sub/x.txt", "instructions.md"]


@pytest.mark.parametrize(
    ("line", "state", "code"),
    [
        ("echo all well", "done", 0),
        ("exit 1", "waiting", 1),
        ("exit 65", "failed", 1),
        ("exit 69", "queued", 1),
        ("exit 75", "waiting", 1),
        ("kill -9 $$", "waiting", 1),
        ("no-such-program-here", "waiting", 1),
        ("""echo '{"outcome": "ask", "question": "Red or blue?"}' > $MUSTER_RESULT""", "blocked", 1),
        ("""echo '{"outcome": "release", "reason": "Not here"}' > $MUSTER_RESULT""", "queued", 1),
    ],
)
def test_how_a_command_ends_says_what_becomes_of_the_task(engine: Engine, jared: Machine, line: str, state: str, code: int) -> None:
    new = add(engine, jared, line)
    said = jared.tqc("work", "--once", "--exec", line)
    assert (task(engine, new["id"])["state"], said.code) == (state, code), said.err
    with engine.client() as muster:
        muster.cancel(new["id"]) if state in ("waiting", "queued", "blocked") else None


def test_without_work_it_ends_when_it_was_told_to(engine: Engine, jared: Machine) -> None:
    assert jared.tqc("work", "--once", "--exec", "true").code == 3
    assert jared.tqc("work", "--max-idle", "0.5", "--exec", "true").code == 0


def test_people_are_told_on_which_machine_it_works(engine: Engine, jared: Machine) -> None:
    with engine.client("agent") as muster:
        muster.register(jared.agent, host="another-machine", capabilities=["python"], tiers=["light"])
        assert jared.tqc("work", "--exec", "true", "--once").code == 3
        known = muster.agent(jared.agent)
    assert (known["host"], known["capabilities"], known["tiers"]) == (socket.gethostname(), ["python"], ["light"])


def test_several_tasks_run_side_by_side(engine: Engine, jared: Machine) -> None:
    numbers = [add(engine, jared, f"Side {side}")["id"] for side in range(3)]
    meet = "touch $DIR/$MUSTER_TASK; while [ $(ls $DIR | wc -l) -lt 3 ]; do sleep 0.05; done"
    (jared.home / "meet").mkdir()
    said = jared.tqc("work", "--parallel", "3", "--max-idle", "0.5", "--env", "DIR", "--exec", meet, DIR=str(jared.home / "meet"))
    assert said.code == 0
    assert [task(engine, number)["state"] for number in numbers] == ["done"] * 3


def test_a_cancelled_task_ends_with_all_its_descendants(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Endless")
    pids = jared.home / "pids"
    worker = jared.start(
        *("work", "--once", "--heartbeat", "0.3", "--grace", "0.5", "--env", "PIDS", "--", sys.executable, "-c", FAMILY), PIDS=str(pids)
    )
    wait_until(pids.exists, what="The family")
    family = [int(pid) for pid in pids.read_text().split()]
    with engine.client() as muster:
        muster.cancel(new["id"], "Not needed")
    assert worker.wait(timeout=LONG) == 1
    assert task(engine, new["id"])["state"] == "cancelled"
    assert all(is_gone(pid) for pid in family)


def test_changed_instructions_reach_the_next_attempt(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Follow", instructions="old words", on_change="stop")
    line = 'if grep -q "old words" brief.md; then touch $HOME/started; sleep 600; else echo new words read; fi'
    worker = jared.start("work", "--max-idle", "2", "--heartbeat", "0.3", "--grace", "0.5", "--exec", line)
    wait_until((jared.home / "started").exists, what="The first attempt")
    with engine.client() as muster:
        muster.save_file(new["id"], "instructions.md", "fresh words", base=task(engine, new["id"])["head"])
    assert worker.wait(timeout=LONG) == 0
    done = task(engine, new["id"])
    assert (done["state"], done["result"], done["attempts_made"], done["failures"]) == ("done", "new words read", 2, 0), jared.log


def test_changed_instructions_are_laid_out_for_a_command_that_reads_them_again(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Reread", instructions="old words", on_change="reread")
    line = "touch $HOME/started; while [ ! -e $MUSTER_CHANGED ]; do sleep 0.05; done; cat $MUSTER_CHANGED/instructions.md; echo"
    worker = jared.start("work", "--once", "--heartbeat", "0.3", "--exec", line)
    wait_until((jared.home / "started").exists, what="The command")
    with engine.client() as muster:
        muster.save_file(new["id"], "instructions.md", "fresh words", base=task(engine, new["id"])["head"])
    assert worker.wait(timeout=LONG) == 0, jared.log
    done = task(engine, new["id"])
    assert (done["state"], done["result"], done["attempts_made"]) == ("done", "fresh words", 1), jared.log


def test_a_task_that_takes_too_long_is_stopped_and_tried_again(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Slow", timeout=1)
    said = jared.tqc("work", "--once", "--grace", "0.5", "--exec", "sleep 600")
    assert said.code == 1
    late = task(engine, new["id"])
    assert (late["state"], late["failures"]) == ("waiting", 1)
    assert "longer than 1 s" in late["reason"]


def test_a_signal_drains_and_a_second_one_hands_back(engine: Engine, jared: Machine) -> None:
    first, second = add(engine, jared, "First", priority=1), add(engine, jared, "Second", priority=90)
    worker = jared.start("work", "--exec", "touch $HOME/go-$MUSTER_TASK; while [ ! -e $HOME/done-$MUSTER_TASK ]; do sleep 0.05; done")
    wait_until((jared.home / f"go-{first['id']}").exists, what="The first task")
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: "Draining: 1 running" in jared.log, what="The word that it drains")
    (jared.home / f"done-{first['id']}").touch()
    assert worker.wait(timeout=LONG) == 0, jared.log
    assert [task(engine, each["id"])["state"] for each in (first, second)] == ["done", "queued"]

    worker = jared.start("work", "--grace", "0.5", "--exec", "touch $HOME/go-$MUSTER_TASK; sleep 600")
    wait_until((jared.home / f"go-{second['id']}").exists, what="The second task")
    worker.send_signal(signal.SIGTERM)
    wait_until(lambda: jared.log.count("Draining") == 2, what="The word that it drains")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=LONG) == 0, jared.log
    back = task(engine, second["id"])
    assert (back["state"], back["failures"]) == ("queued", 0)
    with engine.client() as muster:
        muster.cancel(second["id"])


def test_what_a_killed_worker_left_is_cleaned_up_by_the_next_one(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Cut off")
    pids = jared.home / "pids"
    worker = jared.start("work", "--grace", "0.5", "--env", "PIDS", "--", sys.executable, "-c", FAMILY, PIDS=str(pids))
    wait_until(pids.exists, what="The family")
    family = [int(pid) for pid in pids.read_text().split()]
    worker.kill()
    worker.wait()
    wait_until(lambda: all(is_gone(pid) for pid in family), what="The end of the family")
    assert task(engine, new["id"])["state"] == "running"
    assert jared.tqc("work", "--once", "--exec", "true").code == 3
    after = task(engine, new["id"])
    assert (after["state"], after["failures"]) == ("waiting", 1)
    assert "worker was killed" in after["reason"]


def test_a_key_in_the_output_is_told_to_nobody(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Leak")
    said = jared.tqc("work", "--once", "--exec", 'echo "the key is $MUSTER_LEASE_TOKEN"')
    assert "mlt_…" in said.err
    with engine.client() as muster:
        told = json.dumps(muster.attempts(new["id"])["items"])
    assert "mlt_…" in json.loads(told)[0]["result"]
    assert f"mlt_{new['id']}" not in told
    assert f"mlt_{new['id']}" not in said.err


def test_a_worktree_is_made_and_its_branch_stays(engine: Engine, jared: Machine) -> None:
    new = add(engine, jared, "Commit")
    repository = jared.home / "repository"
    git = "git -c user.name=Ada -c user.email=ada@example.org"
    made = jared.run(f"git init -q -b main {repository} && cd {repository} && {git} commit -q --allow-empty -m Start")
    assert made.code == 0, made.err
    line = f"echo done > file && git add file && {git} commit -qm Work && test -s $MUSTER_BRIEF && git log -1 --format=%s"
    said = jared.tqc("work", "--once", "--worktree", str(repository), "--exec", line)
    assert said.code == 0, said.err
    branch = f"muster/task-{new['id']}-attempt-1"
    assert jared.run(f"git -C {repository} show {branch}:file").out == "done\n"
    assert jared.run(f"git -C {repository} worktree list").out.count("\n") == 1
