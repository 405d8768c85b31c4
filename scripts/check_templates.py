"""Check what the pages' security rests on: no script or style inside a template, nothing unescaped, nothing from elsewhere.

The Content-Security-Policy would refuse most of this in the browser; this says so before anybody opens a page.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"\{#.*?#\}|\{% comment.*?%\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
RULES = {
    re.compile(r"<style[\s>]", re.IGNORECASE): "holds a <style>; move it to a stylesheet",
    re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")[^>]*>", re.IGNORECASE): "holds a script; move it to a file",
    re.compile(r"<[^>{]*\sstyle\s*=", re.IGNORECASE): "has a style attribute; use a class",
    re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE): "has an event attribute; listen in a script file",
    re.compile(r"\bhx-on[:\s=-]|hx-vals=[\"']js:|javascript:", re.IGNORECASE): "has script in an attribute; listen in a script file",
    re.compile(
        r"\|\s*safe\b|\|\s*safeseq\b|\{%\s*autoescape\s+off"
    ): "turns escaping off; return SafeString from the function that cleans it",
    re.compile(
        r"<(?:script|link|img|iframe)[^>]*\s(?:src|href)=[\"'](?:https?:)?//", re.IGNORECASE
    ): "loads something from elsewhere; vendor it",
}


def faults_in(text: str) -> list[tuple[int, str]]:
    """Return the line and the reason of each fault in a template's text."""
    bare = COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    faults = [(bare.count("\n", 0, found.start()) + 1, reason) for rule, reason in RULES.items() for found in rule.finditer(bare)]
    return sorted(faults)


def main() -> int:
    failed = False
    for room in ("coordination", "webui", "worker"):
        for path in sorted((ROOT / room).glob("**/templates/**/*")):
            if path.is_file():
                for line, reason in faults_in(path.read_text(encoding="utf-8")):
                    print(f"{path.relative_to(ROOT)}:{line} {reason}.")
                    failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
