"""The files we ship and did not write: their lock file, and the icon sprite built from them.

`python -m webui.vendored` writes both again; a test checks that they are up to date.
"""

import hashlib
import re
from pathlib import Path

STATIC = Path(__file__).parent / "static" / "webui"
VENDOR = STATIC / "vendor"
LOCK = VENDOR / "vendor.lock"
SPRITE = STATIC / "icons.svg"
PACKAGES = {"idiomorph": ("idiomorph", "0.8.0", "0BSD"), "lucide": ("lucide-static", "1.62.0", "ISC")}
LICENCE_NOTE = "<!-- Icons by Lucide, ISC licence; see vendor/lucide/LICENSE -->"


def lock_lines() -> list[str]:
    """Return one line for each vendored file: sha256, path, package, version, licence."""
    lines = []
    for path in sorted(VENDOR.rglob("*")):
        if path.is_file() and path != LOCK:
            name = path.relative_to(VENDOR).as_posix()
            package = PACKAGES[name.split("/", 1)[0]]
            lines.append("  ".join([hashlib.sha256(path.read_bytes()).hexdigest(), name, *package]))
    return lines


def sprite() -> str:
    """Return every icon as one SVG document of symbols, so that a page names an icon in sixty bytes."""
    symbols = []
    for path in sorted((VENDOR / "lucide").glob("*.svg")):
        match = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(encoding="utf-8"), re.DOTALL)
        if match is None:
            raise ValueError(f"{path.name} is not an SVG file.")
        shapes = re.sub(r"\s+", " ", match.group(1)).strip()
        symbols.append(f'<symbol id="{path.stem}" viewBox="0 0 24 24">{shapes}</symbol>')
    return "\n".join([LICENCE_NOTE, '<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""])


def main() -> None:
    LOCK.write_text("\n".join(lock_lines()) + "\n", encoding="utf-8")
    SPRITE.write_text(sprite(), encoding="utf-8")


if __name__ == "__main__":
    main()
