"""The recorded sessions of docs/git.md: run again, or recorded anew with `python -m tests.git_http.transcript`."""

import importlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.git_http.cast import JSON, Shop
from tests.servers.muster import ROOT
from tests.servers.process import LONG

DOCUMENT = ROOT / "docs" / "git.md"
HOST = "http://muster.example"
BLOCK = re.compile(r"(<!-- replayed as (\w+),.*? -->\n```console\n)(.*?)(```)", re.DOTALL)
SESSIONS = {
    "pat": [
        "git clone -q http://muster.example/git/tasks/42.git plan && cd plan",
        "git ls-files",
        "echo 'Two columns, not three.' >> context/a.md",
        "git commit -qam 'Ask for two columns'",
        "git push",
        "ln -s /etc/passwd context/users && git add . && git commit -qm 'Link'",
        "git push",
        "git reset -q --hard HEAD~1",
        "git commit -q --amend -m 'Another past' && git push --force",
        "git push origin HEAD:refs/heads/drafts",
    ],
    "jared": [
        "git clone -q http://muster.example/git/tasks/42.git work && cd work",
        "mkdir src && echo 'print(2)' > src/main.py && git add . && git commit -qm 'Write it'",
        "git push origin HEAD:refs/heads/attempts/1",
        'git push -o lease="$LEASE" origin HEAD:refs/heads/attempts/1',
        'git push -o lease="$LEASE" origin HEAD:refs/heads/main',
    ],
    "vera": [
        "git clone -q --mirror http://muster.example/git/tasks/42.git audit.git && cd audit.git",
        "git log --format='%an: %s' attempts/1",
        "git diff --stat main...attempts/1",
        "python3 verify_task.py .",
    ],
}
WHO = {"pat": "pat", "jared": "fleet", "vera": "vera"}


def recorded() -> dict[str, str]:
    return {found[2]: found[3] for found in BLOCK.finditer(DOCUMENT.read_text())}


def sessions(shop: Shop, folder: Path) -> dict[str, str]:
    """Run every session in order on one new task and return what each looked like."""
    task = shop.task(files={"context/a.md": "Three columns.\n"})
    told: dict[str, str] = {"pat": _session(shop, folder, "pat", task, {})}
    claimed: JSON = shop.claim(task)
    told["jared"] = _session(shop, folder, "jared", task, {"LEASE": claimed["lease_token"]})
    shop.api("POST", f"/tasks/{task}/complete", {"lease_token": claimed["lease_token"], "result": "It prints 2."}, key="fleet")
    told["vera"] = _session(shop, folder, "vera", task, {})
    return told


def _session(shop: Shop, folder: Path, who: str, task: int, extra: dict[str, str]) -> str:
    config = {
        f"url.{shop.server.url}/git/tasks/{task}.insteadOf": f"{HOST}/git/tasks/42",
        "credential.helper": '!f() { echo username=me; echo "password=$MUSTER_KEY"; }; f',
        "user.name": who.capitalize(),
        "user.email": f"{who}@example.org",
    }
    environment = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    environment |= {
        "HOME": str(folder),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        "MUSTER_KEY": shop.keys[WHO[who]],
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    environment |= {"GIT_CONFIG_COUNT": str(len(config))} | extra
    for number, (key, value) in enumerate(config.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    script = "".join(
        f"printf '$ %s\\n' {_quoted(line)}\n{line.replace('verify_task.py', str(ROOT / 'scripts/verify_task.py'))}\n"
        for line in SESSIONS[who]
    )
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONG,
        check=False,
    )
    return _plain(done.stdout.replace(shop.server.url, HOST).replace(f"/git/tasks/{task}.git", "/git/tasks/42.git"))


def _quoted(line: str) -> str:
    return "'" + line.replace("'", "'\\''") + "'"


def _plain(text: str) -> str:
    """Put the same name in place of every commit, which no two runs share, and drop the blanks that git pads with."""
    names: dict[str, str] = {}
    text = re.sub(r"\b[0-9a-f]{7,40}\b", lambda found: names.setdefault(found[0][:7], f"c{len(names) + 1:06}"), text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def record() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    importlib.import_module("tests.settings")  # names the run's directory
    from tests.git_http.cast import open_shop

    with open_shop() as shop, tempfile.TemporaryDirectory() as folder:
        told = sessions(shop, Path(folder))
    DOCUMENT.write_text(BLOCK.sub(lambda found: f"{found[1]}{told[found[2]]}{found[4]}", DOCUMENT.read_text()))


if __name__ == "__main__":
    sys.exit(record())
