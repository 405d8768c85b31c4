"""The qualifiers of a filter, one row each: what it is called, which values it takes, and which tasks they find."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from coordination.lifecycle import BAND_RANGE, DEFAULT_PRIORITY, Band, PhaseState, State, Tier
from coordination.plan_values import did_you_mean
from coordination.queries.filters import finders as find
from coordination.queries.filters import values
from coordination.queries.filters.conditions import CONDITIONS, LATEST, PRESENT
from coordination.queries.filters.values import BadValue, Find

Read = Callable[[str], str]


@dataclass(frozen=True)
class Qualifier:
    """One row of the grammar. `says` and `takes` are its line in docs/filter.md; `words` are values with their meaning.

    `read` returns a value in its one spelling or refuses it with BadValue; `find` returns the tasks of any of the values.
    Another value of one that `narrows` is another condition, of any other an alternative.
    """

    name: str
    says: str
    takes: str
    read: Read
    find: Find
    aliases: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    example: str = ""
    narrows: bool = False


STATE_WORDS = {
    **{state.value: state.meaning for state in State},
    "progress": "claimed or running",
    "needs": "blocked or in review: a person is needed",
    "pending": "waiting or queued",
    "open": "not finished yet",
    "finished": "done, failed or cancelled",
}
STATE_SPELLINGS = {"in_progress": "progress", "completed": "done", "canceled": "cancelled", "closed": "finished"}
PRIORITY_OF_BAND = {Band.CRITICAL: 10, Band.NORMAL: DEFAULT_PRIORITY, Band.LOW: 80}
BAND_WORDS = {band.value: f"{low} to {high}" for band, (low, high) in BAND_RANGE.items()}
NOBODY = {"@none": "nobody", "@any": "anybody"}
ME = {"@me": "the agent of the key that asks"}
PRESENT_WORDS = {word: each.says for word, each in PRESENT.items()}
IS_WORDS = {**{word: each.says for word, each in CONDITIONS.items()}, **STATE_WORDS}
PRESENT_SPELLINGS = {"labels": "label", "capability": "needs", "capabilities": "needs", "questions": "question", "remarks": "remark"}


def as_it_is(value: str) -> str:
    return value


def one_of(words: Mapping[str, object], spellings: Mapping[str, str] | None = None) -> Read:
    def read(value: str) -> str:
        word = value.lower().replace("-", "_")
        word = (spellings or {}).get(word, word)
        if word not in words:
            near = did_you_mean(word, words).removeprefix("; did ")
            raise BadValue(f"{f'Did {near} ' if near else ''}Write one of {', '.join(words)}.")
        return word

    return read


def at_words(words: Mapping[str, object], read: Read = as_it_is) -> Read:
    """Read a name, or one of the words that begin with @."""
    return lambda value: one_of(words)(value) if value.startswith("@") else read(value)


def _number(value: str) -> str:
    return str(values.whole(value.removeprefix("#")))


def _numbers(value: str) -> str:
    return values.read_whole(_number(value) if value.startswith("#") else value)


def _priority(value: str) -> str:
    is_number = value[:1].isdigit() or value[:1] in "<>."
    return values.read_whole(value) if is_number else one_of(BAND_WORDS)(value)


TABLE = (
    Qualifier(
        "state",
        "the state it is in",
        "a state, or a group of states",
        one_of(find.STATES, STATE_SPELLINGS),
        find.in_states,
        ("status",),
        STATE_WORDS,
        "state:queued,failed",
    ),
    Qualifier(
        "is",
        "a condition it is in",
        "one of the words below, or a state",
        one_of(IS_WORDS, STATE_SPELLINGS),
        find.being,
        words={word: each.says for word, each in CONDITIONS.items()},
        example="is:stale",
        narrows=True,
    ),
    Qualifier(
        "phase",
        "the phase it belongs to",
        "the name, key or number of a phase, or @active, @planned, @paused, @completed",
        at_words({f"@{state}": "" for state in PhaseState}),
        find.in_phases,
        words={f"@{state}": f"every phase that is {state}" for state in PhaseState},
        example='-phase:2 phase:"Build it"',
    ),
    Qualifier(
        "label",
        "a label of it",
        "a label",
        as_it_is,
        find.holding("labels"),
        ("labels",),
        example="label:api,ui label:urgent",
        narrows=True,
    ),
    Qualifier(
        "agent",
        "who holds it, else who worked on it last",
        "the name of an agent, @none, @any or @me",
        at_words(NOBODY | ME),
        find.worked_on_by,
        words=NOBODY | ME,
        example="agent:@none",
    ),
    Qualifier(
        "assigned",
        "the agent it is meant for",
        "the name of an agent, @none, @any or @me",
        at_words(NOBODY | ME),
        find.meant_for,
        ("assigned_to", "assignee"),
        NOBODY | ME,
        "assigned:jared",
    ),
    Qualifier(
        "by",
        "who added it",
        "a name, @me, @agents or @people",
        at_words({"@me": "", "@agents": "", "@people": ""}),
        find.added_by,
        ("author", "created_by"),
        {"@me": "you", "@agents": "any agent", "@people": "any person"},
        "by:@me",
    ),
    Qualifier(
        "priority",
        "how urgent it is, from 0 (most) to 100",
        f"a band, or {values.WHOLES}",
        _priority,
        find.with_priority,
        ("band",),
        BAND_WORDS,
        "priority:critical priority:<30",
    ),
    Qualifier(
        "tier",
        "how capable a model it needs",
        "a tier",
        one_of(dict.fromkeys(Tier)),
        find.among("tier"),
        words=dict.fromkeys(Tier, ""),
        example="tier:heavy",
    ),
    Qualifier(
        "needs",
        "a capability that its agent must have",
        "a capability",
        as_it_is,
        find.holding("capabilities"),
        ("capability",),
        example="needs:python",
        narrows=True,
    ),
    Qualifier(
        "criteria",
        "what one of its acceptance criteria says",
        "a word, or a text in quotation marks",
        as_it_is,
        find.mentioning("criteria"),
        ("criterion",),
        example='criteria:benchmark criteria:"no warnings"',
        narrows=True,
    ),
    Qualifier("kind", "its kind", "a kind", as_it_is, find.among("kind"), example="kind:email"),
    Qualifier(
        "has",
        "something that it has",
        "one of the words below",
        one_of(PRESENT, PRESENT_SPELLINGS),
        find.having,
        words=PRESENT_WORDS,
        example="has:question",
        narrows=True,
    ),
    Qualifier(
        "no",
        "what there is not of it; the same as -has:",
        "one of the words below",
        one_of(PRESENT, PRESENT_SPELLINGS),
        find.lacking,
        words=PRESENT_WORDS,
        example="no:label",
        narrows=True,
    ),
    Qualifier("id", "its number; also #12 alone", values.WHOLES, _numbers, values.numbers("pk"), example="id:12,40..60"),
    Qualifier("parent", "the task that it is a part of", "the number of a task", _number, find.part_of, example="parent:12"),
    Qualifier(
        "upstream",
        "the task itself, or one that it waits for, at any distance",
        "the number of a task",
        _number,
        find.reachable("task_id", "on_id"),
        example="upstream:12",
    ),
    Qualifier(
        "downstream",
        "the task itself, or one that waits for it, at any distance",
        "the number of a task",
        _number,
        find.reachable("on_id", "task_id"),
        example="downstream:12",
    ),
    Qualifier(
        "attempts",
        "how often it was claimed",
        values.WHOLES,
        values.read_whole,
        values.numbers("attempts_made"),
        example="attempts:>1",
        narrows=True,
    ),
    Qualifier(
        "cost",
        "what its attempts cost, in US dollars",
        values.AMOUNTS,
        values.read_amount,
        values.numbers(find.COST, values.amount),
        example="cost:>2.50",
        narrows=True,
    ),
    Qualifier(
        "created",
        "when it was added",
        "a day, a range of days, or an age",
        values.read_time,
        values.times("created_at"),
        example="created:<2026-01-01",
        narrows=True,
    ),
    Qualifier(
        "updated",
        "when something last happened to it",
        "a day, a range of days, or an age",
        values.read_time,
        values.times(LATEST),
        example="updated:>2d",
        narrows=True,
    ),
    Qualifier(
        "finished",
        "when it was done, failed or cancelled",
        "a day, a range of days, or an age",
        values.read_time,
        find.finished_at,
        example="finished:<7d",
        narrows=True,
    ),
    Qualifier(
        "cancelled",
        "when it was cancelled",
        "a day, a range of days, or an age",
        values.read_time,
        find.called_off_at,
        ("canceled",),
        example="-cancelled:<=2026-03-01",
        narrows=True,
    ),
    Qualifier(
        "age",
        "how long it has been in its state",
        "an age, such as >2h",
        values.read_age,
        values.times("state_since"),
        example="age:>2h",
        narrows=True,
    ),
    Qualifier("project", "its project", "the short name of a project", as_it_is, find.among("project__slug"), example="project:shop"),
)
BY_NAME = {name: each for each in TABLE for name in (each.name, *each.aliases)}
