"""Scripts, styles and icons under names that hold their hash, compressed beforehand, so that browsers keep them for ever."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage, storages
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = Path(__file__).parent / "static"
LEFT_OUT = ("vendor.lock", "LICENSE")
DRAWN_AS_ONE = "vendor/lucide"  # icons.svg holds them all
OF_PACKAGES = ("django_htmx/htmx-2.min.js", "django_htmx/ext/hx-sse-2.min.js")
MADE_FROM = "made-from.txt"


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
    for name, source in sources.items():
        target = Path(storage.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    here = FileSystemStorage(location=settings.STATIC_ROOT)
    for _, _, outcome in storage.post_process({name: (here, name) for name in sources}):  # type: ignore[attr-defined]  # a manifest's
        if isinstance(outcome, Exception):
            raise outcome
    note.write_text(made_from, encoding="ascii")
    return len(sources)


def _sources() -> dict[str, Path]:
    """Return the file behind each name."""
    ours = (path for path in sorted(OURS.rglob("*")) if path.is_file() and path.name not in LEFT_OUT)
    found = {path.relative_to(OURS).as_posix(): path for path in ours}
    found = {name: path for name, path in found.items() if DRAWN_AS_ONE not in name}
    return found | {name: Path(str(finders.find(name))) for name in OF_PACKAGES}


def _digest(sources: dict[str, Path]) -> str:
    whole = hashlib.sha256()
    for name, path in sources.items():
        whole.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()
