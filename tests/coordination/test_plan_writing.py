"""A plan that is written is read again as the same plan, whatever is in it."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from coordination.lifecycle import DependencyKind, Gate, LeaseMode, OnChange, ReviewPolicy, Tier
from coordination.plan_directory import Plan, PlannedPhase, PlannedTask, read_plan
from coordination.plan_values import Waits
from coordination.plan_writing import write_plan

CHARACTERS = st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn"), blacklist_characters="\ufeff\u2028\u2029")
LINES = st.text(CHARACTERS, min_size=1, max_size=30).map(str.strip).filter(bool)
TRICKY = st.sampled_from(
    ["yes", "1", "2026-01-01", "null", "- a", "a: b", "---", "# Heading", "'", '"', "{x}", "&a", "!tag", "a #b", "é", "日本語"]
)
WORDS = LINES | TRICKY
TEXTS = st.lists(st.text(CHARACTERS, max_size=20) | TRICKY | st.just(""), max_size=5).map("\n".join)
BODIES = (
    TEXTS
    | TEXTS.map(lambda text: f"---\nkind: x\nother: [1, 2]\n---\n{text}")
    | TEXTS.map(lambda text: f"---\ncontext:\n- task:1/result\n---\n\n{text}\n")
)
NAMES = st.from_regex(r"context/[a-z]{1,8}(/[a-z]{1,8})?\.md", fullmatch=True)


def unique(words: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(words, max_size=3, unique=True).map(tuple)


def parses(text: str) -> bool:
    from coordination import frontmatter

    try:
        frontmatter.parse(text)
    except frontmatter.BadFrontMatter:
        return False
    return True


TASKS = st.builds(
    PlannedTask,
    file=st.just(""),
    key=WORDS,
    title=WORDS,
    instructions=BODIES.filter(parses),
    waits=st.just(()),
    files=st.dictionaries(NAMES, st.binary(max_size=20), max_size=2).filter(
        lambda files: len({name.split("/")[1] for name in files}) == len(files)
    ),
    objective=st.just("") | WORDS,
    kind=st.just("") | WORDS,
    priority=st.integers(0, 100),
    tier=st.sampled_from(list(Tier)).map(str),
    capabilities=unique(WORDS),
    labels=unique(WORDS),
    criteria=unique(WORDS),
    review=st.none() | st.sampled_from(list(ReviewPolicy)).map(str),
    on_change=st.just("") | st.sampled_from(list(OnChange)).map(str),
    max_attempts=st.none() | st.integers(1, 100),
    timeout=st.none() | st.integers(1, 10**6),
    not_before=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
    lease_mode=st.sampled_from(list(LeaseMode)).map(str),
    assigned_to=st.just("") | WORDS,
    fallback_after=st.none() | st.integers(0, 10**6),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    names = draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))
    phases, known = [], []
    for number, name in enumerate(names):
        tasks = draw(st.lists(TASKS, max_size=3))
        for place, task in enumerate(tasks):
            key = f"{task.key[:60]} {number}.{place}"
            waits = (
                {on: draw(st.sampled_from(list(DependencyKind))) for on in draw(st.lists(st.sampled_from(known), max_size=2, unique=True))}
                if known
                else {}
            )
            tasks[place] = replace(task, key=key, waits=tuple(Waits(on, str(kind)) for on, kind in waits.items()))
        known += [task.key for task in tasks]
        after = draw(
            st.none() | (st.lists(st.sampled_from([phase.key for phase in phases]), unique=True).map(tuple) if phases else st.just(()))
        )
        gate = str(draw(st.sampled_from(list(Gate))))
        text = draw(TEXTS).strip()
        phases.append(PlannedPhase("", f"{name[:60]} {number}", name, text and text + "\n", gate, draw(st.booleans()), after, tuple(tasks)))
    text = draw(TEXTS).strip()
    wanted = {"max_attempts": st.integers(1, 9), "on_change": st.sampled_from(list(OnChange)).map(str), "agents_may_add": st.booleans()}
    return Plan("shop", draw(WORDS), text and text + "\n", tuple(phases), draw(st.fixed_dictionaries({}, optional=wanted)))


def without_files(plan: Plan) -> Plan:
    """What a plan says, without where it stood; the order of what a task waits for says nothing."""
    return replace(
        plan,
        phases=tuple(
            replace(phase, file="", tasks=tuple(replace(task, file="", waits=tuple(sorted(task.waits, key=str))) for task in phase.tasks))
            for phase in plan.phases
        ),
    )


@settings(max_examples=150)
@given(plans())
def test_what_is_written_is_read_again_without_loss(plan: Plan) -> None:
    assert without_files(read_plan(write_plan(plan))) == without_files(plan)
