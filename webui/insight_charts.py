"""The charts of the insights page: which figures, in which words, and where each of them leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import quote

from django.urls import reverse
from django.utils.dateformat import format as say_date

from coordination.models import Project
from coordination.queries.insights import Ends, Insights, Percentiles
from webui.charts import Bar, Chart, Point, Series, bars, in_time, lines, lying_bars, time_step

WAITS = {
    "held": ("Held: by a dependency, its phase, a pause or a start time", "state:waiting"),
    "queue": ("In the queue, for a free agent", "state:queued"),
    "retry": ("Between two tries", "state:waiting"),
    "answer": ("For an answer", "state:blocked"),
    "review": ("For a review", "state:review"),
    "work": ("Not waiting: an agent worked on it", "state:claimed,running"),
}


@dataclass(frozen=True)
class Figure:
    """One number at the head of the page, with what it was in as many days before."""

    title: str
    value: str
    before: str
    means: str


@dataclass(frozen=True)
class Drawn:
    """Every chart of the page. Lists are of the tasks behind a figure, by the filter that the board knows too."""

    project: Project
    found: Insights

    @cached_property
    def list_url(self) -> str:
        return reverse("task_list", args=[self.project.slug])

    def listed(self, text: str) -> str:
        return f"{self.list_url}?q={quote(text)}"

    @property
    def figures(self) -> list[Figure]:
        found = self.found
        return [
            Figure("Done", str(found.done_now), str(found.done_before), "tasks that became done"),
            self._time("Cycle time, P50", "cycle", lambda each: each.p50, "half of the tasks took at most so long, first claim to done"),
            self._time("Cycle time, P90", "cycle", lambda each: each.p90, "nine in ten took at most so long, first claim to done"),
            self._time("Lead time, P50", "lead", lambda each: each.p50, "half took at most so long, from being added to done"),
            Figure("Failure rate", _percent(found.total), _percent(found.before), "attempts that failed or lost their lease"),
            Figure("Cost", f"${found.total.cost:,.2f}", f"${found.before.cost:,.2f}", "as the agents reported it"),
        ]

    def _time(self, title: str, what: str, part: Callable[[Percentiles], float], means: str) -> Figure:
        now, before = self.found.overall.get(what), self.found.overall.get(f"{what}_before")
        return Figure(title, in_time(part(now)) if now else "–", in_time(part(before)) if before else "–", means)

    @property
    def throughput(self) -> Chart:
        points = [Point(_day(day), count, _tasks(count), self._on(day, "done")) for day, count in self.found.done.items()]
        best = max(self.found.done.items(), key=lambda each: each[1])
        says = f"{self.found.done_now} tasks done in {len(points)} days, most of them on {_day(best[0])}: {best[1]}."
        return bars("throughput", "Throughput", Series("Done", "look-done", points), says=says, means="Tasks done on each day.")

    @property
    def cycle(self) -> Chart:
        means = "From the first claim of a task to done, retries and reviews included, by the day on which it was done."
        return self._times("cycle", "Cycle time", self.found.cycle, means)

    @property
    def lead(self) -> Chart:
        return self._times("lead", "Lead time", self.found.lead, "From being added to done, by the day on which it was done.")

    def _times(self, key: str, title: str, by_day: Mapping[date, Percentiles], means: str) -> Chart:
        def series(name: str, look: str, part: Callable[[Percentiles], float]) -> Series:
            points = [
                Point(_day(day), part(each), f"{in_time(part(each))}, of {_tasks(each.count)}", self._on(day, "done"))
                if (each := by_day.get(day))
                else Point(_day(day), None, "nothing done")
                for day in self.found.days
            ]
            return Series(name, look, points)

        both = [series("P50", "look-p50", lambda each: each.p50), series("P90", "look-p90", lambda each: each.p90)]
        overall = self.found.overall.get(key)
        says = f"Half took at most {in_time(overall.p50)}, nine in ten at most {in_time(overall.p90)}." if overall else "Nothing was done."
        return lines(key, title, both, says=says, means=means, unit=in_time, step_of=time_step)

    @property
    def failures(self) -> Chart:
        points = [
            Point(_day(day), 100 * rate, f"{100 * rate:.0f} %: {ends.bad} of {ends.good + ends.bad} attempts", self._on(day, "failed"))
            if (ends := self.found.ends.get(day)) and (rate := ends.rate) is not None
            else Point(_day(day), None, "no attempt ended")
            for day in self.found.days
        ]
        return bars(
            "failures",
            "Failure rate",
            Series("Failed", "look-failed", points),
            says=f"{self.found.total.bad} of {self.found.total.good + self.found.total.bad} attempts failed.",
            means="Attempts that failed or lost their lease, of all that ended on the day by themselves: not released, not called off.",
            unit=lambda value: f"{value:g} %",
        )

    @property
    def burn_up(self) -> Chart:
        scope = [Point(_day(each.day), each.scope, _tasks(each.scope), self._on(each.day, "")) for each in self.found.burn_up]
        done = [Point(_day(each.day), each.done, _tasks(each.done), self._on(each.day, "done")) for each in self.found.burn_up]
        last = self.found.burn_up[-1]
        return lines(
            "burn-up",
            "Burn-up",
            [Series("Scope", "look-scope", scope), Series("Done", "look-done", done)],
            says=f"{last.done} of {last.scope} tasks are done, {last.scope - last.done} are left.",
            means="All tasks that were added and not called off, and those done, at the end of each day.",
        )

    @property
    def tiers(self) -> list[Bar]:
        return lying_bars((self._cost(tier.capitalize(), ends, f"tier:{tier}"), _of(ends)) for tier, ends in self.found.by_tier.items())

    @property
    def agents(self) -> list[Bar]:
        return lying_bars((self._cost(name, ends, f"agent:{name}"), _of(ends)) for name, ends in self.found.by_agent.items())

    def _cost(self, label: str, ends: Ends, text: str) -> Point:
        return Point(label, float(ends.cost), f"${ends.cost:,.2f}", self.listed(text))

    @property
    def waits(self) -> list[Bar]:
        return lying_bars(
            (
                Point(WAITS[wait.reason][0], wait.seconds, _long(wait.seconds), self.listed(WAITS[wait.reason][1])),
                f"{wait.count} times" if wait.count > 1 else "once",
            )
            for wait in self.found.waits
        )

    def _on(self, day: date, state: str) -> str:
        """Lead to the tasks that ended so on the day; without a state, to those added on it."""
        return self.listed(f"state:{state} finished:{day.isoformat()}" if state else f"created:{day.isoformat()}")


def _day(day: date) -> str:
    return say_date(day, "j M")


def _tasks(count: int) -> str:
    return f"{count} task{'' if count == 1 else 's'}"


def _long(length: float) -> str:
    return in_time(length) if length < 86_400 else f"{length / 86_400:,.1f} d"


def _percent(ends: Ends) -> str:
    return "–" if ends.rate is None else f"{100 * ends.rate:.0f} %"


def _of(ends: Ends) -> str:
    return f"{ends.good + ends.bad} attempts, {_percent(ends)} failed"
