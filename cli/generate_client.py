"""Write tqc/client/sync from tqc/client/aio, so that both clients have one source.

Usage: python cli/generate_client.py
"""

import re
from pathlib import Path

CLIENT = Path(__file__).resolve().parent / "tqc" / "client"
HEADER = "# Generated from tqc/client/aio/{name} by cli/generate_client.py: change that file.\n"
WORDS = (
    (r"\basync (def|for|with)\b", r"\1"),
    # Parentheses that stood only around what was awaited.
    (r"\(await (\w+(?:\.\w+)*\((?:[^()]|\([^()]*\))*\))\)(?=[\[.])", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(Client|Transport|HttpxTransport|Iterator)\b", r"\1"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\ba(close|read|iter_lines)\b", r"\1"),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"^import asyncio\n", ""),
    (r"asyncio\.wait_for\((.*), request\.timeout\)", r"\1"),
    (r"\((httpx2\.HTTPError), asyncio\.TimeoutError\)", r"\1"),
    (r"\btqc\.client\.aio\b", "tqc.client.sync"),
    (r'"""The client for asyncio\. .*?"""', '"""The client."""'),
)


def synchronous(name: str, source: str) -> str:
    """Return the same module without asyncio."""
    for pattern, replacement in WORDS:
        source = re.sub(pattern, replacement, source, flags=re.MULTILINE)
    return HEADER.format(name=name) + source


def main() -> None:
    (CLIENT / "sync").mkdir(exist_ok=True)
    for module in sorted((CLIENT / "aio").glob("*.py")):
        (CLIENT / "sync" / module.name).write_text(synchronous(module.name, module.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
