"""Names of files and branches."""

from __future__ import annotations

import unicodedata

import pytest

from repo_store import InvalidName, Roots, validate_path, validate_ref, validate_tree_names
from tests.repo_store.hostile_names import GOOD_NAMES, HOSTILE_BRANCHES, HOSTILE_NAMES, MISPLACED_NAMES


@pytest.mark.parametrize(("name", "reason"), HOSTILE_NAMES, ids=lambda value: ascii(value)[:60])
def test_it_refuses_a_hostile_name_and_says_why(name: str, reason: str) -> None:
    for roots in (None, Roots(frozenset({"instructions.md"}), frozenset({"context"}))):
        with pytest.raises(InvalidName) as refusal:
            validate_path(name, roots)
        assert reason in refusal.value.reason
        assert str(refusal.value).isascii()
        assert str(refusal.value).isprintable()


@pytest.mark.parametrize("name", MISPLACED_NAMES)
def test_it_refuses_a_name_outside_the_roots_of_main(name: str) -> None:
    with pytest.raises(InvalidName, match=r"instructions\.md or a file inside context/"):
        validate_path(name)
    assert validate_path(name, None) == name


@pytest.mark.parametrize("name", GOOD_NAMES, ids=ascii)
def test_it_allows_an_ordinary_name(name: str) -> None:
    assert validate_path(name) == name


def test_it_returns_the_normal_form() -> None:
    decomposed = unicodedata.normalize("NFD", "context/\u00fcbersicht.md")
    assert validate_path(decomposed) == "context/\u00fcbersicht.md"


@pytest.mark.parametrize(
    "names",
    [
        ["context/A.md", "context/a.md"],
        ["context/Folder/a.md", "context/folder/b.md"],
        ["context/stra\u00dfe.md", "context/STRASSE.md"],
        ["context/\u00fc.md", "context/u\u0308.md"],
        ["context/\ufb01.md", "context/fi.md"],
        ["context/\u212a.md", "context/k.md"],
        ["context/a", "context/a/b.md"],
        ["context/a/b.md", "context/A"],
    ],
    ids=ascii,
)
def test_it_refuses_names_that_are_one_file_somewhere(names: list[str]) -> None:
    with pytest.raises(InvalidName, match=r"only in case|at once"):
        validate_tree_names(names)
    with pytest.raises(InvalidName, match=r"only in case|at once"):
        validate_tree_names(reversed(names))


def test_it_allows_names_that_differ_everywhere() -> None:
    validate_tree_names(["instructions.md", "context/a.md", "context/ab.md", "context/a/b.md", "context/a/c/b.md"])


@pytest.mark.parametrize("name", HOSTILE_BRANCHES, ids=ascii)
def test_it_refuses_any_branch_but_main_and_attempts(name: str) -> None:
    with pytest.raises(InvalidName, match="main and attempts"):
        validate_ref(name)


@pytest.mark.parametrize("name", ["refs/heads/main", "refs/heads/attempts/1", "refs/heads/attempts/120"])
def test_it_allows_main_and_attempts(name: str) -> None:
    assert validate_ref(name) == name
