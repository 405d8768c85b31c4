"""A sample project for people who want to look around: planned, claimed and finished through the same operations as a real one."""

from coordination.actor import Actor
from coordination.lifecycle import Gate, ReviewPolicy, Tier
from coordination.models import Agent, Phase, Project, Scope, Task
from coordination.operations import agents, keys, phases, projects
from coordination.operations.creation import Need, NewTask, create_tasks
from coordination.operations.sample_clock import SampleClock, note_shifts
from coordination.operations.sample_days import BEGAN, SHIFTS, Cast, SampleDays
from coordination.operations.sample_text import DECISIONS, INSTRUCTIONS

SLUG = "tally"


def make_another(actor: Actor) -> Project:
    """Make a sample project under the first free name."""
    taken = set(Project.objects.filter(slug__startswith=SLUG).values_list("slug", flat=True))
    free = next(slug for slug in (SLUG, *(f"{SLUG}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)
    return make(free, actor)


def make(slug: str, actor: Actor) -> Project:
    """Make the project and play the first two days of its life."""
    clock = SampleClock()
    with clock.played(BEGAN):
        project = projects.create_project(
            slug=slug,
            name="Tally, a small command" if slug == SLUG else f"Tally, a small command ({slug})",
            actor=actor,
            description="Count what a log file holds, in three phases and a release.",
        )
        stages = _phases(project, actor)
        tasks = _tasks(project, stages, actor)
    clock.turn(BEGAN - 20)
    cast = _cast(project, actor)
    SampleDays(tasks, stages, cast, actor, clock).play()
    clock.settle(project, cast.key, cast.agents)
    for agent in cast.agents:
        note_shifts(agent, SHIFTS[agent.title])
    return Project.objects.get(pk=project.pk)


def _phases(project: Project, actor: Actor) -> list[Phase]:
    names = [
        ("Design", Gate.AUTO, "Settle names, formats and exit codes."),
        ("Build", Gate.AUTO, "Parser, counters and reports, in parallel."),
        ("Verify", Gate.AUTO, "Try it on real logs."),
        ("Release", Gate.APPROVAL, "Package and publish, once a person has approved."),
    ]
    return [phases.create_phase(project, name=name, gate=gate, description=text, actor=actor) for name, gate, text in names]


def _new(title: str, phase: Phase, ref: str, *needs: str, **facts: object) -> NewTask:
    settled: dict[str, object] = {
        "instructions": INSTRUCTIONS.format(title=title),
        "files": {"context/decisions.md": DECISIONS.encode()},
        "objective": f"{title}, with tests, so that the next task can rely on it.",
        "criteria": ["`pytest -q` passes", "`tally --help` names the new option", "The report lists every changed file"],
        "capabilities": ["python"],
        "kind": "code",
    }
    return NewTask(title=title, phase=phase, ref=ref, needs=[Need(on) for on in needs], **(settled | facts))  # type: ignore[arg-type]


def _tasks(project: Project, stages: list[Phase], actor: Actor) -> dict[str, Task]:
    design, build, verify, release = stages
    news = [
        _new("Settle the command's options and exit codes", design, "options", priority=10, tier=Tier.HEAVY),
        _new("Choose the log formats to support", design, "formats", priority=30),
        _new("Write the parser for common log lines", build, "parser", priority=15),
        _new("Write the parser for JSON lines", build, "json", priority=25),
        _new("Count by host, path and status", build, "counters", "parser", priority=20),
        _new("Print a table that fits the terminal", build, "table", priority=40, tier=Tier.LIGHT),
        _new("Print JSON for other programs", build, "as-json", priority=45, tier=Tier.LIGHT),
        _new("Read compressed files without a copy on disk", build, "gzip", "parser", priority=60),
        _new("Draw the daily curve in the browser", build, "curve", priority=55, capabilities=["python", "browser", "design"]),
        _new("Stream from standard input", build, "stdin", priority=50, review_policy=ReviewPolicy.REQUIRED),
        _new("Measure one million lines", build, "speed", "counters", priority=70, tier=Tier.HEAVY),
        _new("Write the manual page", build, "manual", priority=80, tier=Tier.LIGHT, kind="docs", capabilities=["writing"]),
        _new("Translate the error texts", build, "errors", tier=Tier.LIGHT, kind="docs", capabilities=["writing"], max_attempts=1),
        _new("Run it on last month's logs", verify, "logs", priority=20),
        _new("Compare its figures with the old script", verify, "compare", "logs", priority=20, review_policy=ReviewPolicy.REQUIRED),
        _new("Try it with a full disk and a closed pipe", verify, "faults", priority=35),
        _new("Build the wheel and check it on a clean machine", release, "wheel", priority=30),
        _new("Announce the release", release, "announce", "wheel", priority=60, tier=Tier.LIGHT, kind="docs", capabilities=["writing"]),
    ]
    more = [  # the first tasks that were done: none of what is left depends on them
        _new("Collect a log of each format", design, "collect", priority=20),
        _new("List what the old script cannot do", design, "gaps", priority=35),
        _new("Set up the package and its tests", build, "package", priority=5),
        _new("Read dates with any offset", build, "dates", priority=12, tier=Tier.HEAVY),
        _new("Skip broken lines and count them", build, "broken", priority=18),
        _new("Fold host names to lower case", build, "hosts", priority=30, tier=Tier.LIGHT),
        _new("Count the bytes of each path", build, "bytes", priority=22),
        _new("Sort the table by any column", build, "sort", priority=28),
        _new("Say how long a run took", build, "took", priority=33, tier=Tier.LIGHT),
    ]
    news += more
    tasks = create_tasks(project, news, actor=actor)
    return {new.ref: task for new, task in zip(news, tasks, strict=True)}


def _cast(project: Project, actor: Actor) -> Cast:
    key, _ = keys.create_key(name="Sample agents", scope=Scope.AGENT, projects=[project], actor=actor)

    def join(name: str, title: str, tiers: list[Tier], *capabilities: str) -> Agent:
        taken = Agent.objects.filter(name=name).exclude(registered_by=key).exists()
        name = f"{name}-{project.slug}" if taken else name
        return agents.register(
            name=name,
            display_name=title,
            capabilities=capabilities,
            tiers=tiers,
            host="worker-1",
            software="sample 1.0",
            key=key,
            actor=key.actor,
        )

    return Cast(
        key,
        join("jared", "Jared", [Tier.LIGHT, Tier.STANDARD], "python", "git"),
        join("jean", "Jean", [Tier.STANDARD, Tier.HEAVY], "python", "sql"),
        join("quill", "Quill", [Tier.LIGHT], "writing"),
    )
