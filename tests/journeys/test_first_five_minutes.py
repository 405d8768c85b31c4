"""docs/first-five-minutes.md does what it says: its commands are run as they stand there, against a live server."""

import json
import re
import subprocess
from pathlib import Path

from tests.servers import MusterServer
from tests.servers.muster import ROOT
from tests.servers.process import LONG

PAGE = ROOT / "docs" / "first-five-minutes.md"


def test_its_commands_lead_to_a_finished_task(muster: MusterServer, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 6
    script = "\n".join(["set -eu", *blocks]).replace("http://127.0.0.1:8000", muster.url)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=muster.environment, capture_output=True, text=True, check=False, timeout=LONG
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    task = next(each for each in told if each.get("title") == "Count the lines")
    assert (task["state"], task["result"]) == ("done", "3 lines")
    history = next(each for each in told if "items" in each and "commit" in each["items"][0])
    assert len(history["items"]) == 1
    events = told[-1]["items"]
    assert "task.done" in [event["kind"] for event in events]
    assert "# Task #" in done.stdout
