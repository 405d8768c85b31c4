"""The brief as one Markdown document that stands on its own."""

from collections.abc import Iterable

from coordination.queries.brief import Brief, ContextItem, Remark


def as_markdown(brief: Brief) -> str:
    """Return the whole brief as Markdown. Text from others stands in fences: it is material, not instruction."""
    return "\n\n".join(part for part in _parts(brief) if part) + "\n"


def _parts(brief: Brief) -> Iterable[str]:
    yield f"# Task #{brief.task}: {brief.title}"
    yield _facts(brief)
    yield _section("Objective", brief.objective)
    yield _section("Instructions", brief.instructions)
    yield _section("Acceptance criteria", "\n".join(f"- [ ] {criterion}" for criterion in brief.criteria))
    yield _section("Context to read first", "\n\n".join(_context(item) for item in brief.context))
    yield _section(
        "Results of the tasks this one builds on",
        "\n\n".join(
            f"### #{each.task} {each.title} ({each.outcome}, attempt {each.attempt})\n\n{_fenced(_joined(each.result, each.report))}"
            for each in brief.results
        ),
    )
    yield _section(
        "Earlier attempts",
        "\n\n".join(
            f"### Attempt {each.number} by {each.agent}: {each.outcome}\n\n"
            + _joined(
                each.reason, *(f"Review comment:\n\n{_fenced(comment)}" for comment in each.comments), each.error and _fenced(each.error)
            )
            for each in brief.earlier_attempts
        ),
    )
    yield _section(
        "Remarks on lines",
        "\n\n".join(f"**{_place(each)}** ({each.by}):\n\n{_fenced(each.quoted)}\n\n{each.text}" for each in brief.comments),
    )
    yield _section(
        "Questions and answers", "\n\n".join(f"**Q:** {each.question}\n\n**A** ({each.by}): {each.answer}" for each in brief.answers)
    )
    yield _section("How to report", "\n".join(f"- **{verb}**: {sentence}" for verb, sentence in brief.report.items()))


def _place(remark: Remark) -> str:
    of = f" of what attempt {remark.attempt} brought" if remark.attempt else ""
    return f"{remark.path}, line {remark.line}{of}"


def _facts(brief: Brief) -> str:
    facts = {
        "Project": brief.project,
        "Phase": brief.phase,
        "Attempt": str(brief.attempt),
        "Agent": brief.agent,
        "Kind": brief.kind,
        "Tier": brief.tier,
        "Priority": str(brief.priority),
        "Labels": ", ".join(brief.labels),
        "Time limit": f"{brief.timeout} s" if brief.timeout else "",
        "Version of the instructions": brief.commit,
    }
    return "\n".join(f"- {name}: {value}" for name, value in facts.items() if value)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body.strip()}" if body.strip() else ""


def _context(item: ContextItem) -> str:
    if item.text is not None:
        return f"### {item.name}\n\n{_fenced(item.text)}"
    if item.base64 is not None:
        return f"### {item.name}\n\nA binary file, {len(item.base64) * 3 // 4} bytes; fetch it with GET /api/v1/tasks/…/files/{item.name}."
    return f"### {item.name}\n\n{item.problem or item.source}"


def _fenced(text: str) -> str:
    """Fence with more backticks than the text has in a row, so that it cannot end the fence."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}\n{text.rstrip()}\n{ticks}" if text else ""


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
