"""The filter grammar: every line reads back as the same filter, and finds what it says."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db.models import F
from hypothesis import given as supposing
from hypothesis import strategies as st

from coordination.actor import SYSTEM
from coordination.errors import Invalid
from coordination.models import Agent, Event, Lease, Project, Task
from coordination.models.clock import now
from coordination.operations.finish import ask
from coordination.operations.keys import create_key
from coordination.queries.access import Caller, caller_of_key, caller_of_user
from coordination.queries.filters import TABLE, WORD, Filter, Term, given, matching, parse
from coordination.queries.filters.qualifiers import BY_NAME
from coordination.queries.filters.suggestions import suggestions
from tests.factories import Plan

TYPED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12)
TIMES = ["<2d", ">3h", "1d..3d", "2026-03-01", ">=2026-03-01", "2026-03-01..2026-03-31", "<2026-03-01T09:30:00Z", ">1w"]
WHOLES = ["3", ">1", "<=20", "2..5", "7..", "..9"]
NUMBERS = ["12", "7"]
AGENTS = ["@none", "@any", "@me", "jared"]
PIECES = [*BY_NAME, ":", '"', "-", ",", " ", ">", "#", "1", "..", "\\", "x"]
VALUES: dict[str, list[str]] = {
    **dict.fromkeys(["created", "updated", "finished", "cancelled"], TIMES),
    "age": ["<2d", ">3h", "1min..5min"],
    "attempts": WHOLES,
    "cost": ["2.50", ">0.1", "1..2"],
    "id": [*WHOLES, "12"],
    "priority": [*WHOLES, "critical", "normal", "low"],
    **dict.fromkeys(["parent", "upstream", "downstream"], NUMBERS),
    **dict.fromkeys(["agent", "assigned"], AGENTS),
    "by": ["@me", "@agents", "pat", "agent:jared"],
    "phase": ["@active", "2", "Build it", "build"],
}


def terms() -> st.SearchStrategy[Term]:
    """Any term that there can be."""

    def of(name: str) -> st.SearchStrategy[Term]:
        known = VALUES.get(name) or list(BY_NAME[name].words)
        one = st.sampled_from(known) if known else TYPED
        values = st.lists(one, min_size=1, max_size=3, unique=True).map(tuple)
        return st.builds(Term, st.just(name), values, st.booleans())

    words = st.builds(Term, st.just(WORD), st.tuples(TYPED.filter(str.strip)), st.booleans())
    return st.one_of(words, *(of(each.name) for each in TABLE))


@supposing(st.lists(terms(), max_size=6, unique=True).map(lambda found: Filter(tuple(found))))
def test_every_filter_reads_back_from_its_own_text(wanted: Filter) -> None:
    assert parse(wanted.text) == wanted


@supposing(
    st.text(max_size=40) | st.lists(st.sampled_from([*BY_NAME, ":", '"', "-", ",", " ", ">", "#", "1", "..", "\\", "x"])).map("".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Invalid):
        wanted = parse(text)
        assert parse(wanted.text) == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ""),
        ("  state:QUEUED,failed   parser ", "state:queued,failed parser"),
        ("status:in-progress", "state:progress"),
        ("state:queued state:queued x x", "state:queued x"),
        ("-label:a,,b", "-label:a,b"),
        ('label:"two words",c', 'label:"two words",c'),
        ("#12 -#13 id:14 id:#15", "#12 -#13 #14 #15"),
        ('"quoted text" "bare"', '"quoted text" bare'),
        ('"state:queued" "-x" "#1"', '"state:queued" "-x" "#1"'),
        ("12:30 - --c", '12:30 "-" -"-c"'),
        ('created:>"2026-03-01 10:00"', 'created:">2026-03-01 10:00"'),
        (r'label:"a \"b\" \\c"', r'label:"a \"b\" \\c"'),
    ],
)
def test_a_line_is_kept_in_its_one_spelling(text: str, told: str) -> None:
    assert parse(text).text == told


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stat:queued", "stat: is no qualifier; did you mean 'state'? To look"),
        ("http://example.org", 'write it in quotation marks: "http://example.org".'),
        ("state:wating", "state:wating cannot be read. Did you mean 'waiting'? Write one of waiting, queued"),
        ("state:wating", "Did you mean 'waiting'?"),
        ("tier:premium", "Write one of light, standard, heavy."),
        ("priority:high", "Write one of critical, normal, low."),
        ("state:", "Write a value behind state: without a space"),
        ('label:"open', "is not closed; add a quotation mark"),
        ('a "" b', "holds nothing to look for"),
        ("updated:2d", "Write <2d for within the last 2d, or >2d for longer ago."),
        ("updated:yesterday", "Write a day such as 2026-03-01"),
        ("created:>0001-01-01", "The year must be between 1970 and 2999."),
        ("age:>2026-01-01", "Write an age such as <2d"),
        ("attempts:many", "Write a whole number such as 3"),
        ("id:..", "Write where the range begins or where it ends."),
        ("agent:@nobody", "Write one of @none, @any, @me"),
        ("x" * 1001, "at most 1000 characters; this one has 1001"),
        (" ".join("abcdefghij"[n % 10] * (n + 1) for n in range(41)), "at most 40 terms"),
        ("a\0b", "text only"),
    ],
)
def test_a_mistake_is_named_with_what_could_stand_there(text: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert says in refused.value.sentence
    assert refused.value.field == "q"


def test_terms_are_added_and_taken_out() -> None:
    wanted = parse("state:queued label:a parser")
    assert wanted.plus("state", "failed").text == "state:queued,failed label:a parser"
    assert wanted.plus("label", "two words").text == 'state:queued label:a parser label:"two words"'
    assert wanted.plus("label", "a") == wanted
    assert wanted.without(wanted.terms[0]).text == "label:a parser"
    assert wanted.words == ("parser",)
    assert not parse("")


def test_every_qualifier_has_an_example_that_can_be_read() -> None:
    for each in TABLE:
        assert {term.name for term in parse(each.example).terms} == {each.name}
        for value in each.words:
            parse(f"{each.name}:{value}")


# What filters find: a plan with every kind of task, and for each line the titles that it leaves.


@pytest.fixture
def shelf(plan: Plan) -> Plan:
    """Tasks named for what is peculiar about them."""
    plain = plan.task("plain", objective="Mind the gap")
    plan.task("labelled", labels=["api", "two words"], kind="email")
    plan.task("urgent", priority=5, tier="heavy", capabilities=["python"])
    plan.task("waits", needs=[plain])
    plan.task("child", parent=plain, criteria=["It runs.", "100% of the \u00c4nderungen are told"], labels=["api"])
    plan.task("assigned", assigned_to=plan.jean.agent, tier="light")
    plan.task("later", phase=plan.after(name="Ship it"))
    plan.task("held", instructions="# Do")
    plan.task("asks")
    plan.task("finished")
    plan.task("welding", capabilities=["welding"])
    title = {task.title: task for task in Task.objects.all()}
    plan.jared.claims(title["finished"]).completes(cost_usd=3)
    ask(plan.jared.claims(title["asks"]).holder, "Which colour?")
    plan.jared.claims(title["held"])
    return plan


def found(shelf: Plan, text: str, caller: Caller | None = None) -> set[str]:
    tasks = matching(Task.objects.filter(project=shelf.project), parse(text), caller=caller or caller_of_user(shelf.pat))
    return set(tasks.values_list("title", flat=True))


EVERYTHING = {"plain", "labelled", "urgent", "waits", "child", "assigned", "later", "held", "asks", "finished", "welding"}
QUEUED = {"plain", "labelled", "urgent", "child", "assigned", "welding"}
CASES: list[tuple[str, set[str]]] = [
    ("", EVERYTHING),
    ("state:queued", QUEUED),
    ("state:waiting,done", {"waits", "later", "finished"}),
    ("state:progress", {"held"}),
    ("state:needs", {"asks"}),
    ("-state:open", {"finished"}),
    ("is:open -state:queued", {"waits", "later", "held", "asks"}),
    ("is:done", {"finished"}),
    ("is:ready", QUEUED),
    ("is:stranded", {"welding"}),
    ("is:late", set()),
    ("is:stale", set()),
    ("phase:@active -state:queued", {"waits", "held", "asks", "finished"}),
    ('phase:"ship IT"', {"later"}),
    ("-phase:Build", {"later"}),
    ("label:api", {"labelled", "child"}),
    ('label:api label:"two words"', {"labelled"}),
    ('label:nothing,"two words"', {"labelled"}),
    ("no:label is:queued", QUEUED - {"labelled", "child"}),
    ("has:label", {"labelled", "child"}),
    ("agent:jared-relay", {"held", "asks", "finished"}),
    ("agent:jean-relay,@none -is:queued", {"waits", "later"}),
    ("agent:@any", {"held", "asks", "finished"}),
    ("agent:@me", set()),
    ("assigned:jean-relay", {"assigned"}),
    ("-assigned:jean-relay is:queued", QUEUED - {"assigned"}),
    ("assigned:@any", {"assigned"}),
    ("assigned:@none is:queued", QUEUED - {"assigned"}),
    ("by:@me", EVERYTHING),
    ("by:pat-relay", EVERYTHING),
    ("by:@agents,ada", set()),
    ("priority:critical", {"urgent"}),
    ("priority:<20", {"urgent"}),
    ("-priority:50", {"urgent"}),
    ("priority:0..10,51..100", {"urgent"}),
    ("tier:heavy,light", {"urgent", "assigned"}),
    ("needs:python", {"urgent"}),
    ("-needs:python has:needs", {"welding"}),
    ("kind:email", {"labelled"}),
    ("-kind:email label:api", {"child"}),
    ("criteria:RUNS", {"child"}),
    ('criteria:"00% of" criteria:runs', {"child"}),
    ("criteria:nothing,\u00c4nderung", {"child"}),
    ("criteria:r%ns", set()),
    ('criteria:"runs. 100"', set()),
    ("-criteria:it label:api", {"labelled"}),
    ("has:children", {"plain"}),
    ("has:parent", {"child"}),
    ("has:criteria", {"child"}),
    ("has:dependencies", {"waits"}),
    ("has:dependents", {"plain"}),
    ("has:blockers", {"waits"}),
    ("has:question", {"asks"}),
    ("has:result", {"finished"}),
    ("has:files", {"held"}),
    ("has:remark,message", set()),
    ("attempts:>0", {"held", "asks", "finished"}),
    ("attempts:0 -is:queued", {"waits", "later"}),
    ("attempts:>999999999999999999", set()),
    ("cost:>2.50", {"finished"}),
    ("cost:0..1 is:done", set()),
    ("created:<1h", EVERYTHING),
    ("created:>1h", set()),
    ("created:>=2990-01-01", set()),
    ("updated:<1h", EVERYTHING),
    ("-updated:<1h", set()),
    ("finished:<1h", {"finished"}),
    ("age:>1h", set()),
    ("gap", {"plain"}),
    ("-gap is:queued", QUEUED - {"plain"}),
    ('"the gap"', {"plain"}),
    ("the gap", {"plain"}),
    ('"gap the"', set()),
    ("EMAIL", {"labelled"}),
    ("100%", set()),
    ("project:relay gap", {"plain"}),
    ("-project:relay", set()),
]


def test_a_filter_finds_what_it_says(shelf: Plan) -> None:
    caller = caller_of_user(shelf.pat)
    assert {text: found(shelf, text, caller) for text, _ in CASES} == dict(CASES)


def test_tasks_are_found_by_number_and_by_their_place_among_others(shelf: Plan) -> None:
    number = dict(Task.objects.values_list("title", "pk"))
    last = shelf.task("last", needs=[Task.objects.get(title="waits")])
    assert found(shelf, f"#{number['plain']}") == {"plain"}
    assert found(shelf, f"id:{number['plain']},#{number['later']}") == {"plain", "later"}
    assert found(shelf, f"-id:<{number['finished']}") == {"finished", "welding", "last"}
    assert found(shelf, f"parent:#{number['plain']}") == {"child"}
    assert found(shelf, f"upstream:{last.pk}") == {"plain", "waits", "last"}
    assert found(shelf, f"downstream:{number['plain']} -#{number['plain']}") == {"waits", "last"}
    assert found(shelf, f"phase:{shelf.phase.pk} is:waiting") == {"waits", "last"}
    assert found(shelf, f"{number['plain']}") == {"plain"}


def test_what_nobody_looked_at_for_long_is_stale(shelf: Plan) -> None:
    Event.objects.filter(task_id=Task.objects.get(title="labelled").pk).update(at=now() - timedelta(days=8))
    assert found(shelf, "is:stale") == {"labelled"}
    assert found(shelf, "updated:>2d") == {"labelled"}
    Task.objects.filter(title="later").update(state_since=F("state_since") - timedelta(hours=3))
    assert found(shelf, "age:>2h") == {"later"}
    Agent.objects.filter(leases__in=Lease.objects.all()).update(silent_since=now())
    assert found(shelf, "is:stale") == {"labelled", "held"}
    assert found(shelf, "is:silent") == {"held"}


def test_me_is_the_agent_of_the_key_that_asks(shelf: Plan) -> None:
    _, raw = create_key(name="jean alone", scope="agent", actor=shelf.planner, agent=shelf.jean.agent)
    jean = caller_of_key(raw)
    assert found(shelf, "assigned:@me", jean) == {"assigned"}
    assert "assigned:@me " in {each.text for each in suggestions(shelf.project, jean, "assigned:", len("assigned:"))}


@pytest.mark.django_db
@supposing(wanted=st.lists(terms(), max_size=4, unique=True).map(lambda found: Filter(tuple(found))))
def test_no_filter_breaks_the_database(wanted: Filter) -> None:
    caller = _nobody()
    tasks = matching(Task.objects.all(), wanted, caller=caller)
    assert list(tasks) == []
    assert list(Event.objects.filter(task_id__in=matching(Task.objects.all(), wanted, caller=caller).values("pk"))) == []


def _nobody() -> Caller:
    return Caller(SYSTEM, {})


def test_a_filter_holds_inside_another_query(shelf: Plan) -> None:
    tasks = matching(Task.objects.all(), parse("label:api -needs:x upstream:1,2 updated:<1d -agent:jared"), caller=_nobody())
    assert Project.objects.filter(tasks__in=tasks).count() in (0, 1, 2)


def test_a_new_task_inherits_what_the_filter_gives(shelf: Plan) -> None:
    text = 'label:a,b label:c -label:d needs:sql tier:heavy kind:email priority:low phase:"ship it" assigned:jean-relay state:failed word'
    fields = given(parse(text), shelf.project)
    later = shelf.project.phases.get(name="Ship it")
    assert fields == {
        "labels": ["a", "c"],
        "capabilities": ["sql"],
        "tier": "heavy",
        "kind": "email",
        "priority": 80,
        "phase": later,
        "assigned_to": shelf.jean.agent,
    }
    assert found(shelf, text.replace(" state:failed word", "")) == set()
    shelf.task("new", **fields)
    assert found(shelf, text.replace(" state:failed word", "")) == {"new"}
    assert given(parse("phase:gone assigned:ghost priority:<20 parent:999999"), shelf.project) == {}
