"""What changed between two versions, as records or as a patch."""

from __future__ import annotations

from collections.abc import Iterator

import pygit2
from pygit2.enums import DeltaStatus, DiffFind, DiffOption

from repo_store.objects import commit_at, decoded, files_of, require_sound, tree_of
from repo_store.records import Comparison, Diff, DiffView, FileChange, FileDiff, FileStatus, Hunk, Line, LineKind

COUNTED_BYTES = 4_000_000  # of files that are only counted: their whole content is compared for two numbers
WHOLE_COUNT = DiffView(context=0, count=0)  # counts and nothing else
_STATUS: dict[DeltaStatus, FileStatus] = {
    DeltaStatus.ADDED: "added",
    DeltaStatus.DELETED: "deleted",
    DeltaStatus.MODIFIED: "modified",
    DeltaStatus.RENAMED: "renamed",
    DeltaStatus.COPIED: "copied",
    DeltaStatus.TYPECHANGE: "retyped",
}
_KINDS: dict[str, LineKind] = {"+": "+", "-": "-", " ": " ", "=": "\\", ">": "\\", "<": "\\"}


def diff_of(repository: pygit2.Repository, old: str | None, new: str, most_lines: int) -> Diff:
    """Return what changed from `old` (None: from nothing) to `new`, renames found, with up to `most_lines` lines in all."""
    files: list[FileDiff] = []
    room = most_lines
    for patch in _patches(repository, old, new):
        file = _file_diff(patch, room)
        room -= sum(len(hunk.lines) for hunk in file.hunks)
        files.append(file)
    return Diff(
        old=old,
        new=new,
        files=tuple(files),
        additions=sum(file.additions for file in files),
        deletions=sum(file.deletions for file in files),
    )


def patch_of(repository: pygit2.Repository, old: str | None, new: str) -> str:
    """Return the same as unified text, as `git diff` writes it."""
    return "".join(decoded(patch.data) for patch in _patches(repository, old, new))


def comparison_of(repository: pygit2.Repository, old: str | None, new: str, view: DiffView) -> Comparison:
    """Return every changed file, and what changed inside those that `view` asks for."""
    flags = DiffOption.NORMAL if view.spaces else DiffOption.IGNORE_WHITESPACE
    diff = found_diff(repository, old, new, flags=flags, context=view.context, renames=view.renames)
    deltas = list(diff.deltas)
    asked = [number for number, delta in enumerate(deltas) if view.only is None or view.only in _names(delta)]
    shown = set(asked[view.first : view.first + view.count])
    changes: list[FileChange] = []
    files: list[tuple[FileChange, FileDiff]] = []
    room, countable = view.lines, COUNTED_BYTES
    for number, delta in enumerate(deltas):
        sizes = _size(repository, delta.old_file), _size(repository, delta.new_file)
        countable -= 0 if number in shown else sum(sizes)
        patch = diff[number] if number in shown or countable >= 0 else None
        change = _change(delta, sizes, patch)
        changes.append(change)
        if number in shown and patch is not None:
            file = _file_diff(patch, room)
            room -= sum(len(hunk.lines) for hunk in file.hunks)
            files.append((change, file))
    return Comparison(old=old, new=new, changes=tuple(changes), files=tuple(files))


def _names(delta: pygit2.DiffDelta) -> tuple[str, str]:
    return decoded(delta.new_file.raw_path), decoded(delta.old_file.raw_path)


def _size(repository: pygit2.Repository, file: pygit2.DiffFile) -> int:
    try:
        return repository.odb.read_header(file.id)[1]
    except KeyError:  # the side on which there is no such file
        return 0


def _change(delta: pygit2.DiffDelta, sizes: tuple[int, int], patch: pygit2.Patch | None) -> FileChange:
    status = _STATUS.get(delta.status, "modified")
    counted = patch is not None and not patch.delta.is_binary
    _, additions, deletions = patch.line_stats if patch is not None else (0, 0, 0)
    new_path, old_path = _names(delta)
    return FileChange(
        path=old_path if status == "deleted" else new_path,
        old_path=None if status == "added" else old_path,
        status=status,
        additions=additions if counted else None,
        deletions=deletions if counted else None,
        old_blob=None if status == "added" else str(delta.old_file.id),
        new_blob=None if status == "deleted" else str(delta.new_file.id),
        old_size=sizes[0],
        new_size=sizes[1],
    )


def found_diff(
    repository: pygit2.Repository,
    old: str | None,
    new: str,
    *,
    flags: DiffOption = DiffOption.NORMAL,
    context: int = 3,
    renames: bool = True,
) -> pygit2.Diff:
    """Return git's own diff between two versions, with renames found."""
    after = tree_of(repository, commit_at(repository, new))
    before = tree_of(repository, commit_at(repository, old)) if old is not None else None
    _require_sound_change(repository, before, after)
    if before is not None:
        diff = before.diff_to_tree(after, flags=flags, context_lines=context)
    else:
        diff = after.diff_to_tree(flags=flags, context_lines=context, swap=True)
    if renames:
        diff.find_similar(DiffFind.FIND_RENAMES)
    return diff


def _patches(repository: pygit2.Repository, old: str | None, new: str) -> Iterator[pygit2.Patch]:
    return (patch for patch in found_diff(repository, old, new) if patch is not None)


def _require_sound_change(repository: pygit2.Repository, before: pygit2.Tree | None, after: pygit2.Tree) -> None:
    old = set(files_of(repository, before)[0].values()) if before is not None else set()
    new = set(files_of(repository, after)[0].values())
    for blob in old ^ new:
        require_sound(repository, blob.oid)


def _file_diff(patch: pygit2.Patch, room: int) -> FileDiff:
    delta = patch.delta
    status = _STATUS.get(delta.status, "modified")
    _, additions, deletions = patch.line_stats
    hunks: list[Hunk] = []
    truncated = False
    for raw in patch.hunks:
        room -= len(raw.lines)
        if room < 0:
            truncated = True
            break
        hunks.append(_hunk(raw))
    return FileDiff(
        old_path=None if status == "added" else decoded(delta.old_file.raw_path),
        new_path=None if status == "deleted" else decoded(delta.new_file.raw_path),
        status=status,
        binary=bool(delta.is_binary),
        hunks=tuple(hunks),
        additions=additions,
        deletions=deletions,
        truncated=truncated,
    )


def _hunk(raw: pygit2.DiffHunk) -> Hunk:
    return Hunk(
        header=raw.header.rstrip("\r\n"),
        old_start=raw.old_start,
        old_lines=raw.old_lines,
        new_start=raw.new_start,
        new_lines=raw.new_lines,
        lines=tuple(_line(line) for line in raw.lines),
    )


def _line(raw: pygit2.DiffLine) -> Line:
    kind = _KINDS.get(raw.origin, " ")
    if kind == "\\":
        return Line(kind, None, None, "No newline at end of file")
    return Line(
        kind=kind,
        old_no=raw.old_lineno if raw.old_lineno > 0 else None,
        new_no=raw.new_lineno if raw.new_lineno > 0 else None,
        text=decoded(raw.raw_content).removesuffix("\n").removesuffix("\r"),
    )
