"""The files of a plan in one piece: archives that people download and upload, and the parcel that a preview carries to its application."""

import base64
import binascii
import gzip
import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import IO

from coordination.errors import Invalid, LimitExceeded
from coordination.plan_directory import MAX_FILES, PLAN

LARGEST = 50_000_000  # bytes of all files together
LARGEST_TAR = 2 * LARGEST  # with what it says about its files
PARCEL = 3_500_000  # letters that are kept for a preview
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same plan is always the same archive


def as_zip(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return a plan as a zip with everything below one folder."""
    told = io.BytesIO()
    with zipfile.ZipFile(told, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(f"{folder}/{path}", EPOCH), content, zipfile.ZIP_DEFLATED)
    return told.getvalue()


def as_tar(files: Mapping[str, bytes], folder: str) -> bytes:
    """Return a plan as a tar.gz with everything below one folder."""
    told = io.BytesIO()
    with tarfile.open(fileobj=told, mode="w:gz") as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{folder}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return told.getvalue()


def unpacked(uploads: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    """Return the files of a plan from what was uploaded: one archive, or the files of a directory by their paths there.

    Hidden files are left out, and a folder around the whole plan is taken off. Raises Invalid, LimitExceeded.
    """
    files: dict[str, bytes] = {}
    for name, content in uploads:
        files |= _opened(name, content)
    files = {path: content for path, content in files.items() if not any(part.startswith((".", "__MACOSX")) for part in path.split("/"))}
    if not files:
        raise Invalid("There is no file in this. Choose a directory, or a zip or tar archive of one.", field="files")
    return _without_folder(files)


def wrapped(files: Mapping[str, bytes]) -> str:
    """Return the files as one line of text, to be kept for a preview."""
    told = json.dumps({path: base64.b85encode(content).decode() for path, content in sorted(files.items())}).encode()
    parcel = base64.b64encode(zlib.compress(told, 9)).decode()
    if len(parcel) > PARCEL:
        raise LimitExceeded(
            "This plan is too large for a preview in the browser; use `tqc plan update`, or push it with git.", field="files"
        )
    return parcel


def unwrapped(parcel: str) -> dict[str, bytes]:
    try:
        opened = zlib.decompressobj()
        told = opened.decompress(base64.b64decode(parcel, validate=True), LARGEST * 2)
        if opened.unconsumed_tail:
            raise LimitExceeded(f"A plan has at most {LARGEST:,} bytes.", field="parcel")
        files = json.loads(told)
        return {str(path): base64.b85decode(content) for path, content in files.items()}
    except (binascii.Error, zlib.error, ValueError, AttributeError, TypeError, RecursionError):
        raise Invalid("The plan of this preview is damaged; upload it again.", field="parcel") from None


def _opened(name: str, content: bytes) -> dict[str, bytes]:
    try:
        if zipfile.is_zipfile(io.BytesIO(content)) and name.endswith(".zip"):
            return _of_zip(content)
        if name.endswith((".tar", ".tar.gz", ".tgz")):
            return _of_tar(content)
    except (zipfile.BadZipFile, tarfile.TarError, OSError, EOFError, zlib.error, RuntimeError, NotImplementedError):
        raise Invalid(f"{name} is no archive that can be read.", field="files") from None
    if name.endswith(".zip"):
        raise Invalid(f"{name} is no archive that can be read.", field="files")
    return {name: content}


def _of_zip(content: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _refuse_too_much(len(entries), sum(entry.file_size for entry in entries))
        for entry in entries:
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others take as much memory as they like
                raise Invalid(f"{entry.filename} is packed in a rare way; make a plain zip, or a tar.gz.", field="files")
            with archive.open(entry) as file:
                files[entry.filename] = _read(file, entry.file_size)
    return files


def _of_tar(content: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    total = 0
    with tarfile.open(fileobj=io.BytesIO(_inflated(content)), mode="r:") as archive:
        for entry in archive:
            if entry.isdir():
                continue
            if not entry.isfile():
                raise Invalid(f"{entry.name} is no regular file; a plan has none of these.", field="files")
            total += entry.size
            _refuse_too_much(len(files) + 1, total)
            file = archive.extractfile(entry)
            files[entry.name] = _read(file, entry.size) if file else b""
    return files


def _inflated(content: bytes) -> bytes:
    """Return the tar of a tar.gz. Its headers can be as large as files, and tarfile reads each of them whole."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    with gzip.open(io.BytesIO(content)) as file:
        tar = file.read(LARGEST_TAR + 1)
    if len(tar) > LARGEST_TAR:
        raise LimitExceeded(f"A plan has at most {LARGEST:,} bytes.", field="files")
    return tar


def _read(file: IO[bytes], size: int) -> bytes:
    """Read what an entry says it has and no more, so that a lie about a size cannot fill the memory."""
    content = file.read(size + 1)
    if len(content) > size:
        raise Invalid("An archive holds more than it says.", field="files")
    return content


def _refuse_too_much(count: int, size: int) -> None:
    if count > MAX_FILES or size > LARGEST:
        raise LimitExceeded(f"A plan has at most {MAX_FILES:,} files and {LARGEST:,} bytes.", field="files")


def _without_folder(files: Mapping[str, bytes]) -> dict[str, bytes]:
    clean = {str(PurePosixPath(path.replace("\\", "/").removeprefix("./"))): content for path, content in files.items()}
    if PLAN in clean or any(path.startswith("phase-") for path in clean):
        return clean
    tops = {path.split("/", 1)[0] for path in clean}
    if len(tops) == 1 and all("/" in path for path in clean):
        return _without_folder({path.split("/", 1)[1]: content for path, content in clean.items()})
    return clean
