"""What a command's exit code and result file say about its task."""

import base64
import json
from pathlib import Path
from typing import Any

from tqc.output import clean
from tqc.work.pushing import kept_files

# The words of sysexits.h, which many programs use already.
FATAL, ELSEWHERE, LATER = 65, 69, 75
MEANINGS = {
    0: "done: the task is completed",
    FATAL: "the task itself is wrong: it fails for good (EX_DATAERR)",
    ELSEWHERE: "this agent cannot do it: the task is released for another (EX_UNAVAILABLE)",
    LATER: "not now: the task is tried again later (EX_TEMPFAIL)",
}
LARGEST_RESULT = 2_000_000  # bytes
LARGEST_KEPT = 512_000  # bytes of all kept files together
LONGEST_TAIL = 20_000  # characters
REPORT_FIELDS = ("result", "report", "data", "usage", "cost_usd")


def read_result(path: Path, keep: Path, *, pushed: str = "") -> dict[str, Any]:
    """Return what the result file says: a JSON object, or any other text as the result in words.

    Its data also says where the kept files are: in the commit that was `pushed`, or else in the data themselves.
    """
    found: dict[str, Any] = {}
    if path.is_file() and not path.is_symlink():
        text = path.read_bytes()[:LARGEST_RESULT].decode("utf-8", errors="replace")
        try:
            document = json.loads(text)
        except ValueError:
            document = text.strip()
        found = document if isinstance(document, dict) else {"result": clean(document)}
    if files := kept_files(keep):
        told = (
            {"kept": [file.relative_to(keep).as_posix() for file in files], "commit": pushed}
            if pushed
            else {"files": _contents(files, keep)}
        )
        data = found.get("data")
        found["data"] = {**(data if isinstance(data, dict) else {}), **told}
    return found


def _contents(paths: list[Path], keep: Path) -> dict[str, Any]:
    files: dict[str, Any] = {}
    room = LARGEST_KEPT
    for path in paths:
        name, size = path.relative_to(keep).as_posix(), path.stat().st_size
        if size > room:
            files[name] = {"left_out": f"{size} bytes; all kept files together may have {LARGEST_KEPT}"}
            continue
        room -= size
        content = path.read_bytes()
        try:
            files[name] = content.decode("utf-8")
        except UnicodeDecodeError:
            files[name] = {"base64": base64.b64encode(content).decode()}
    return files


def report_of_code(code: int, result: dict[str, Any], tail: list[str]) -> tuple[str, dict[str, Any]]:
    """Return the verb and the body of the report. `outcome` in the result file wins over the exit code."""
    body = {name: result[name] for name in REPORT_FIELDS if result.get(name) is not None}
    outcome = result.get("outcome") or {0: "complete", FATAL: "fatal", ELSEWHERE: "release"}.get(code, "fail")
    last = next((line.strip() for line in reversed(tail) if line.strip()), "")
    if outcome == "complete":
        body.setdefault("result", last[:2000])
        return "complete", body
    if outcome == "release":
        return "release", {"reason": str(result.get("reason") or last or "This agent cannot do it.")[:500]}
    if outcome == "ask" and (question := str(result.get("question") or "").strip()):
        return "ask", {"text": question}
    error = str(result.get("error") or "").strip() or f"The command ended with {_words(code)}.\n\n" + "\n".join(tail)[-LONGEST_TAIL:]
    retryable = outcome != "fatal" and result.get("retryable") is not False
    return "fail", {**body, "error": error.strip(), "retryable": retryable}


def _words(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
