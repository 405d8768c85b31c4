"""A whole plan as a repository: cloned, changed in an editor, pushed back."""

from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop, run_git

PLAN = {
    "plan.md": "---\nname: Move\n---\n\nMove it.\n",
    "phase-01-prepare/task-01-count.md": "# Count\n\nCount them.\n",
    "phase-01-prepare/task-02-copy.md": "---\nneeds: [count]\n---\n\n# Copy\n\nCopy them.\n",
}


@pytest.fixture
def slug(shop: Shop) -> str:
    """A project made from a plan, which pat may plan."""
    shop.made += 1
    name = f"move-{shop.made}"
    shop.server.shell("from coordination.actor import SYSTEM; from coordination.models import User\n"
        "from coordination.operations.plans import import_plan; from coordination.operations.projects import grant_role\n"
        f"project = import_plan({name!r}, {{path: text.encode() for path, text in {PLAN!r}.items()}}, actor=SYSTEM).project\n"
        "grant_role(project, User.objects.get(username='pat'), 'planner', actor=SYSTEM)\n"
        "grant_role(project, User.objects.get(username='vera'), 'viewer', actor=SYSTEM)",
    )  # fmt: skip
    return name


def clone(shop: Shop, slug: str, who: str, place: Path) -> Clone:
    url = f"http://{who}:{shop.keys[who]}@{shop.host}/git/projects/{slug}/plan.git"
    done = run_git(place.parent, "clone", "-q", url, str(place))
    assert done.returncode == 0, done.stderr
    return Clone(place)


def titles(shop: Shop, slug: str) -> list[str]:
    return sorted(task["title"] for task in shop.api("GET", f"/tasks?project={slug}", key="pat")["items"])


def test_a_plan_is_cloned_changed_and_pushed(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "pat", tmp_path / "plan")
    assert sorted(plan.git("ls-files").split()) == [
        "phase-01-prepare/phase.md", "phase-01-prepare/task-01-count.md", "phase-01-prepare/task-02-copy.md", "plan.md",
    ]  # fmt: skip
    plan.commit_files({"phase-01-prepare/task-03-check.md": "---\nneeds: [copy]\n---\n\n# Check\n\nCompare.\n"}, "Check the copy")
    pushed = plan.push()
    assert pushed.succeeded
    assert "new task check: Check" in pushed.remote
    assert "1 created, 0 changed" in pushed.remote
    assert titles(shop, slug) == ["Check", "Copy", "Count"]


def test_a_preview_is_told_and_changes_nothing(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "pat", tmp_path / "plan")
    plan.commit_files({"phase-01-prepare/task-03-check.md": "# Check\n"}, "Check")
    pushed = plan.push("-o", "preview", "origin", "main")
    assert not pushed.succeeded
    assert "only a preview" in pushed.told
    assert "new task check" in pushed.remote
    assert titles(shop, slug) == ["Copy", "Count"]


def test_every_mistake_is_told_and_nothing_is_changed(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "pat", tmp_path / "plan")
    plan.commit_files({"phase-01-prepare/task-03-check.md": "---\npriority: 900\nneeds: [nothing]\n---\n", "notes.txt": "x"}, "Mistakes")
    pushed = plan.push()
    assert not pushed.succeeded
    for word in ("Nothing was changed.", "task-03-check.md: priority", "There is no task with the key 'nothing'", "notes.txt"):
        assert word in pushed.remote
    assert titles(shop, slug) == ["Copy", "Count"]


def test_what_changed_on_the_board_comes_with_the_next_fetch(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "pat", tmp_path / "plan")
    shop.api("POST", f"/projects/{slug}/tasks", {"tasks": [{"title": "Tidy up", "instructions": "Tidy.\n"}]}, key="pat")
    plan.commit_files({"plan.md": "---\nname: Move it all\n---\n\nMove it.\n"}, "Rename")
    assert "fetch first" in plan.push().told
    plan.git("pull", "-q", "--rebase")
    assert any("tidy-up" in name for name in plan.git("ls-files").split())
    assert plan.push().succeeded
    assert shop.api("GET", f"/projects/{slug}", key="pat")["name"] == "Move it all"


def test_settings_that_only_an_admin_changes_are_not_pushed_by_a_planner(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "pat", tmp_path / "plan")
    plan.commit_files({"plan.md": "---\nname: Move it\nmax_running: 9\n---\n\nMove it.\n"}, "Nine at once")
    for options in (["-o", "preview"], []):
        assert "Changing max_running needs the admin role in this project" in plan.push(*options, "origin", "main").remote
    assert shop.api("GET", f"/projects/{slug}", key="pat")["name"] == "Move"


def test_only_planners_push_a_plan(shop: Shop, slug: str, tmp_path: Path) -> None:
    plan = clone(shop, slug, "vera", tmp_path / "plan")
    plan.commit_files({"plan.md": "---\nname: Mine\n---\n"}, "Mine")
    assert "planner role or a coordinator key" in plan.push().remote
    assert run_git(tmp_path, "ls-remote", f"http://x:{shop.keys['stranger']}@{shop.host}/git/projects/{slug}/plan.git").returncode != 0


def test_the_api_exports_previews_and_updates(shop: Shop, slug: str) -> None:
    files = shop.api("GET", f"/projects/{slug}/plan", key="pat")["files"]
    assert shop.api("POST", f"/projects/{slug}/plan/preview", {"files": files}, key="pat")["changes"] == []
    files["phase-01-prepare/task-03-check.md"] = "# Check\n"
    told = shop.api("PUT", f"/projects/{slug}/plan", {"files": files}, key="pat")
    assert [(change["noun"], change["key"], change["new"]) for change in told["changes"]] == [("task", "check", True)]
