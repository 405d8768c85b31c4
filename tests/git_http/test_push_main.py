"""Pushing `main`: what a planner may, and the words in which the rest is refused."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop
from tests.repo_store.hostile_names import HOSTILE_NAMES
from tests.repo_store.hostile_trees import FILE, HOSTILE_TREES, Entry, commit_tree, context


def refused(shop: Shop, task: int, clone: Clone, *arguments: str) -> str:
    """Push, be sure that it was refused and moved nothing, and return what the pusher read."""
    before = shop.head(task)
    pushed = clone.push(*arguments)
    assert not pushed.succeeded
    assert shop.head(task) == before == clone.git("ls-remote", "origin", "refs/heads/main").split()[0]
    return pushed.remote


@pytest.mark.parametrize("version", ["0", "1", "2"])
@pytest.mark.parametrize("who", ["pat", "coordinator"])
def test_a_planner_moves_main(shop: Shop, task: int, tmp_path: Path, who: str, version: str) -> None:
    clone = shop.clone(task, who, tmp_path / "c")
    new = clone.commit(context__a="two\n", instructions="New text.\n")
    assert clone.push(before=("-c", f"protocol.version={version}")).succeeded
    assert shop.head(task) == new
    assert shop.api("GET", f"/tasks/{task}/files/context/a.md")["text"] == "two\n"
    (event,) = shop.events(task, "files.saved")[1:]
    assert (event["data"]["new"], event["data"]["by"], event["data"]["files"]) == (new, "push", ["context/a.md", "instructions.md"])
    assert event["actor"]["name"] == who


def test_several_commits_arrive_as_they_are(shop: Shop, task: int, pats: Clone) -> None:
    for number in range(5):
        pats.commit(f"Step {number}", context__a=f"{number}\n")
    assert pats.push().succeeded
    told = shop.api("GET", f"/tasks/{task}/history")["items"]
    assert [version["message"] for version in told] == ["Step 4", "Step 3", "Step 2", "Step 1", "Step 0", f"Create #{task}"]


def test_a_file_can_be_deleted_and_renamed(shop: Shop, task: int, pats: Clone) -> None:
    pats.git("mv", "context/a.md", "context/b.md")
    pats.git("commit", "-qm", "Rename")
    assert pats.push().succeeded
    assert [file["path"] for file in shop.api("GET", f"/tasks/{task}/files")["items"]] == ["context/b.md", "instructions.md"]


def test_a_push_over_a_mebibyte_arrives_in_chunks(shop: Shop, task: int, pats: Clone) -> None:
    import random

    noise = random.Random(1)
    pats.commit_files({f"context/{number}.bin": noise.randbytes(400_000) for number in range(8)}, "Much")
    assert pats.push().succeeded
    assert len(shop.api("GET", f"/tasks/{task}/files")["items"]) == 10


def test_the_first_version_of_a_task_can_be_pushed(shop: Shop, tmp_path: Path) -> None:
    task = shop.task(instructions="")
    clone = shop.clone(task, "pat", tmp_path / "c")
    new = clone.commit(instructions="Do it.\n")
    assert clone.push().succeeded
    assert shop.head(task) == new


def test_a_shallow_clone_can_push(shop: Shop, task: int, tmp_path: Path) -> None:
    shop.api("PUT", f"/tasks/{task}/files/context/a.md", {"content": "two\n", "base": shop.head(task)})
    clone = shop.clone(task, "pat", tmp_path / "c", "--depth=1")
    new = clone.commit(context__a="three\n")
    assert clone.push().succeeded
    assert shop.head(task) == new


def test_pushing_what_is_there_changes_nothing(shop: Shop, task: int, pats: Clone) -> None:
    assert pats.push().succeeded
    assert len(shop.events(task, "files.saved")) == 1


def test_a_save_in_the_editor_and_a_push_follow_each_other(shop: Shop, task: int, pats: Clone) -> None:
    shop.api("PUT", f"/tasks/{task}/files/context/a.md", {"content": "two\n", "base": shop.head(task)})
    pats.commit(context__b="b\n")
    pushed = pats.push()
    assert not pushed.succeeded
    assert "fetch first" in pushed.told
    pats.git("pull", "-q", "--rebase")
    assert pats.push().succeeded
    assert shop.api("GET", f"/tasks/{task}/files/context/a.md")["text"] == "two\n"


def test_of_several_pushes_at_once_one_wins(shop: Shop, task: int, tmp_path: Path) -> None:
    clones = [shop.clone(task, "pat", tmp_path / str(number)) for number in range(6)]
    commits = [clone.commit(context__a=f"{number}\n") for number, clone in enumerate(clones)]
    with ThreadPoolExecutor(6) as pool:
        pushes = list(pool.map(lambda clone: clone.push(), clones))
    winners = [commit for commit, pushed in zip(commits, pushes, strict=True) if pushed.succeeded]
    assert winners == [shop.head(task)]
    assert len(shop.events(task, "files.saved")) == 2
    assert all("fetch" in pushed.told for pushed in pushes if not pushed.succeeded)


def test_a_force_push_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    pats.git("commit", "-q", "--amend", "-m", "Another past")
    assert "force pushes are refused" in refused(shop, task, pats, "--force", "origin", "main")


def test_an_unrelated_history_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    pats.git("checkout", "-q", "--orphan", "other")
    pats.git("commit", "-qm", "Another beginning")
    assert "must grow from" in refused(shop, task, pats, "--force", "origin", "other:main")


def test_deleting_main_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    assert "not deleted by a push" in refused(shop, task, pats, "origin", ":main")


@pytest.mark.parametrize(
    "ref", ["refs/heads/x", "refs/tags/v1", "refs/heads/main.d", "refs/muster/kept/x", "refs/notes/commits", "refs/replace/x"]
)
def test_other_branches_and_tags_are_refused(shop: Shop, task: int, pats: Clone, ref: str) -> None:
    assert "only branches are main and attempts" in refused(shop, task, pats, "origin", f"HEAD:{ref}")


def test_a_planner_may_not_move_an_attempt(shop: Shop, task: int, pats: Clone) -> None:
    assert "Only the holder of the lease" in refused(shop, task, pats, "origin", "HEAD:refs/heads/attempts/1")


def test_a_merge_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    pats.git("switch", "-qc", "side")
    pats.commit(context__b="b\n")
    pats.git("switch", "-q", "main")
    pats.commit(context__c="c\n")
    pats.git("merge", "-q", "side")
    assert "is a merge" in refused(shop, task, pats)


def test_a_name_that_only_muster_gives_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    for author in ("Ada <person-99@muster.invalid>", "Muster <muster@localhost>"):
        pats.commit_files({"context/a.md": author})
        pats.git("commit", "-q", "--amend", "--no-edit", f"--author={author}")
        assert "a name that only Muster gives" in refused(shop, task, pats)
        pats.git("reset", "-q", "--hard", "origin/main")


@pytest.mark.parametrize(("entries", "word"), [pytest.param(tree, word, id=label) for label, tree, word in HOSTILE_TREES])
def test_a_hostile_tree_is_refused(shop: Shop, task: int, pats: Clone, entries: list[Entry], word: str) -> None:
    commit = commit_tree(pats.path, entries, parent=pats.git("rev-parse", "HEAD"))
    told = refused(shop, task, pats, "origin", f"{commit}:refs/heads/main")
    assert word in told
    assert "Traceback" not in told
    assert len(told) < 400


def test_a_hostile_tree_in_the_middle_of_a_push_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    _, entries, word = HOSTILE_TREES[0]
    hidden = commit_tree(pats.path, entries, parent=pats.git("rev-parse", "HEAD"))
    innocent = commit_tree(pats.path, context((FILE, b"a.md", b"fine")), parent=hidden)
    assert word in refused(shop, task, pats, "origin", f"{innocent}:refs/heads/main")


def test_every_hostile_name_is_refused(shop: Shop, task: int, pats: Clone) -> None:
    """Through one clone and one refused branch each: the table has a hundred rows, and each is a push."""
    head = pats.git("rev-parse", "HEAD")
    for name, word in HOSTILE_NAMES:
        if not name.startswith("context/") or not all(name.split("/")) or not _fits(name):
            continue
        commit = commit_tree(pats.path, _tree_of(name.split("/")), parent=head)
        told = pats.push("origin", f"{commit}:refs/heads/main").told.replace("\nremote: ", "")
        assert word in told or "slash" in told, (name, told)
    assert shop.head(task) == head


def _fits(name: str) -> bool:
    """Return whether a tree can hold the name at all."""
    return "\0" not in name and not any("\ud800" <= char <= "\udfff" for char in name)


def _tree_of(parts: list[str]) -> list[Entry]:
    entry: Entry = (FILE, parts[-1].encode(), b"x")
    for folder in reversed(parts[:-1]):
        entry = (b"40000", folder.encode(), [entry])
    return [entry]
