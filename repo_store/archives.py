"""A version as one file to download."""

from __future__ import annotations

import gzip
import io
import tarfile

import pygit2

from repo_store.objects import commit_at, content_of, files_of, is_regular, time_of, tree_of


def archive_of(repository: pygit2.Repository, sha: str, prefix: str) -> bytes:
    """Return the files of a version as a tar.gz below one folder; the same version always gives the same bytes."""
    commit = commit_at(repository, sha)
    files, _ = files_of(repository, tree_of(repository, commit))
    second = int(time_of(commit.committer).timestamp())
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=6, mtime=second) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path, blob in sorted(files.items()):
            if is_regular(blob.mode):
                content = content_of(repository, blob.oid)
                member = tarfile.TarInfo(f"{prefix}/{path}")
                member.size, member.mtime, member.mode = len(content), second, 0o644
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()
