"""What the context of a task may refer to, and what is said of a reference that stands for nothing."""

from pathlib import Path

import pytest

from tests.git_http.cast import Clone, Shop, run_git


@pytest.fixture
def library(tmp_path: Path) -> Clone:
    """A repository on the server's machine that has nothing to do with Muster."""
    folder = tmp_path / "library"
    folder.mkdir()
    run_git(folder, "init", "-q")
    clone = Clone(folder)
    clone.commit_files({"docs/api.md": "Version 1\n"})
    return clone


def referring(*references: str) -> str:
    lines = "".join(f"  - {reference}\n" for reference in references)
    return f"---\ncontext:\n{lines}---\n\nBuild it.\n"


def context_of(shop: Shop, task: int) -> dict[str, str]:
    brief = shop.claim(task)["brief"]
    return {item["name"]: item.get("text") or item.get("problem") for item in brief["context"]}


def test_a_file_of_a_registered_repository_is_handed_out_as_it_is_pinned(shop: Shop, library: Clone) -> None:
    old = library.git("rev-parse", "HEAD")
    shop.server.manage("addrepository", "shop", "library", str(library.path))
    first = shop.task(instructions=referring("repo:library/docs/api.md"))
    told = shop.claim(first)
    library.commit_files({"docs/api.md": "Version 2\n"})
    shop.server.manage("addrepository", "shop", "library", str(library.path))
    assert [item["text"] for item in shop.api("GET", f"/tasks/{first}/brief")["context"]] == ["Version 1\n"]
    assert told["brief"]["context"][0]["text"] == "Version 1\n"
    second = shop.task(instructions=referring("repo:library/docs/api.md", f"repo:library/docs/api.md@{old}"))
    assert list(context_of(shop, second).values()) == ["Version 2\n", "Version 1\n"]


def test_a_bundle_can_be_added(shop: Shop, library: Clone) -> None:
    library.git("bundle", "create", "-q", "all.bundle", "--all", "HEAD")
    shop.server.manage("addrepository", "shop", "bundled", str(library.path / "all.bundle"))
    assert context_of(shop, shop.task(instructions=referring("repo:bundled/docs/api.md"))) == {"repo:bundled/docs/api.md": "Version 1\n"}


@pytest.mark.parametrize("address", ["http://example.org/x.git", "ext::sh -c id", "/nonexistent", "file:///tmp"])
def test_no_address_is_fetched(shop: Shop, address: str) -> None:
    with pytest.raises(Exception, match="Muster fetches from no address"):
        shop.server.manage("addrepository", "shop", "bad", address)


def test_an_earlier_attempt_is_handed_out(shop: Shop) -> None:
    first = shop.task(files={"context/a.md": "one\n"})
    claimed = shop.claim(first)
    shop.api("POST", f"/tasks/{first}/complete", {"lease_token": claimed["lease_token"], "result": "Built."}, key="fleet")
    told = context_of(shop, shop.task(instructions=referring(f"task:{first}/attempts/1/result", f"task:{first}/attempts/1/context/a.md")))
    assert list(told.values()) == ["Built.", "one\n"]


def test_dangling_references_are_told_where_they_are_written(shop: Shop, task: int, pats: Clone) -> None:
    text = referring("task:999999/result", "repo:nowhere/x.md", "https://example.org/", f"task:{task}/attempts/7/result", "nonsense")
    saved = shop.api("PUT", f"/tasks/{task}/files/instructions.md", {"content": text, "base": shop.head(task)})
    assert [warning.split(": ")[0] for warning in saved["warnings"]] == [
        "task:999999/result", "repo:nowhere/x.md", f"task:{task}/attempts/7/result", "nonsense",
    ]  # fmt: skip
    pats.git("pull", "-q", "--rebase")
    pats.commit(context__b="b\n")
    pushed = pats.push()
    assert pushed.succeeded
    assert "Note: repo:nowhere/x.md: The project has no repository 'nowhere'" in pushed.remote
