from pathlib import Path

from repo_store import Author, RepoStore

ADA = Author("ada", "ada@example.org")


def test_a_removed_repository_leaves_nothing_and_can_be_made_anew(tmp_path: Path) -> None:
    store = RepoStore(tmp_path)
    store.write_version(7, head=None, base=None, changes={"instructions.md": b"one"}, author=ADA, message="one")
    store.delete(7)
    assert list(store.task_ids()) == []
    store.write_version(7, head=None, base=None, changes={"instructions.md": b"two"}, author=ADA, message="two")
    assert list(store.task_ids()) == [7]


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    RepoStore(tmp_path).delete(7)
