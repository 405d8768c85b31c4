"""Check that every link between the Markdown pages of this repository leads to a file, and to a heading if it names one."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`[^`\n]*`")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
# The example plans are input for Muster: what their links mean is decided where they are loaded.
EXEMPT = {"examples", "var", "node_modules", "test-results"}


def pages() -> list[Path]:
    """Return the Markdown files of the repository, without hidden directories and what is not written for readers."""
    found = []
    for path in ROOT.rglob("*.md"):
        directories = path.relative_to(ROOT).parts[:-1]
        if not EXEMPT.intersection(directories) and not any(name.startswith(".") for name in directories):
            found.append(path)
    return sorted(found)


def anchors_of(text: str) -> set[str]:
    """Return the fragment of each heading, as the usual hosts of git repositories make them."""
    titles = HEADING.findall(FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def faults_in(page: Path, root: Path) -> list[str]:
    """Return a sentence for each link of a page that leads nowhere."""
    text = INLINE_CODE.sub("", FENCE.sub("", page.read_text(encoding="utf-8")))
    faults = []
    for link in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, fragment = unquote(link).partition("#")
        target = (page.parent / path) if path else page
        where = page.relative_to(root)
        if not target.exists():
            faults.append(f"{where}: {link} leads to no file.")
        elif fragment and target.suffix == ".md" and fragment not in anchors_of(target.read_text(encoding="utf-8")):
            faults.append(f"{where}: {link} names no heading of that page.")
    return faults


def main() -> int:
    faults = [fault for page in pages() for fault in faults_in(page, ROOT)]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
