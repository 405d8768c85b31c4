"""Scripts, styles and icons under names that hold their hash, compressed beforehand, so that browsers keep them for ever."""

import hashlib
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage, storages
from whitenoise.storage import CompressedManifestStaticFilesStorage

from webui.context import ALL_SHEETS, SHEETS

OURS = Path(__file__).parent / "static"
LEFT_OUT = ("vendor.lock", "LICENSE")
DRAWN_AS_ONE = "vendor/lucide"  # icons.svg holds them all
OF_PACKAGES = ("django_htmx/htmx-2.min.js", "django_htmx/ext/hx-sse-2.min.js")
MADE_FROM = "made-from.txt"
BLOCK = re.compile(rb"^[ \t]*/\*\*.*?\*/[ \t]*$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Names every gathered file after its content.

    What was not gathered, such as the files of the admin pages, keeps its plain name and is found where it is written.
    """

    manifest_strict = False
    support_js_module_import_aggregation = True

    def stored_name(self, name: str) -> str:
        gathered: str | None = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return gathered or name


def gather() -> int:
    """Write every file that our pages load to STATIC_ROOT, hashed and compressed, and return how many; 0 if they are there."""
    sources = _sources()
    made_from = _digest(sources)
    note = Path(settings.STATIC_ROOT) / MADE_FROM
    if note.exists() and note.read_text(encoding="ascii") == made_from:
        return 0
    storage = storages["staticfiles"]
    for name, content in sources.items():
        target = Path(storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    here = FileSystemStorage(location=settings.STATIC_ROOT)
    for _, _, outcome in storage.post_process({name: (here, name) for name in sources}):  # type: ignore[attr-defined]  # a manifest's
        if isinstance(outcome, Exception):
            raise outcome
    note.write_text(made_from, encoding="ascii")
    return len(sources)


def _sources() -> dict[str, bytes]:
    """Return the content of each name, and all stylesheets as one: together they compress to two thirds, in one request."""
    paths = {path.relative_to(OURS).as_posix(): path for path in sorted(OURS.rglob("*")) if path.is_file()}
    found = {name: path.read_bytes() for name, path in paths.items() if path.name not in LEFT_OUT and DRAWN_AS_ONE not in name}
    found |= {name: Path(str(finders.find(name))).read_bytes() for name in OF_PACKAGES}
    found |= {name: _without_comments(content) for name, content in found.items() if name.startswith("webui/js/")}
    return found | {ALL_SHEETS: b"".join(COMMENT.sub(b"", found[f"webui/css/{sheet}.css"]) for sheet in SHEETS)}


def _without_comments(script: bytes) -> bytes:
    """Leave out the lines that only explain, and what indents the others."""
    lines = (line.strip() for line in BLOCK.sub(b"", script).splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))


def _digest(sources: dict[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in sources.items():
        whole.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()
