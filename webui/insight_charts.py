"""The charts of the insights page: which figures, in which words, and where each of them leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from urllib.parse import quote, urlencode

from django.urls import reverse
from django.utils.dateformat import format as say_date

from coordination.models import Project
from coordination.queries.agent_titles import agent_titles
from coordination.queries.insights import Ends, Insights, Percentiles
from coordination.queries.shares import percent
from webui.charts import Bar, Chart, Point, Series, bars, in_time, lines, lying_bars, time_step
from webui.templatetags.muster import duration

NOTHING_DONE = "Nothing was done in these days."

WAITS = {
    "held": "Held: by a dependency, its phase, a pause or a start time",
    "queue": "In the queue, for a free agent",
    "retry": "Between two tries",
    "answer": "For an answer",
    "review": "For a review",
    "work": "Not waiting: an agent worked on it",
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
            Figure("Done", f"{found.done_now:,}", f"{found.done_before:,}", "tasks that became done"),
            self._time("Cycle time, P50", "cycle", lambda each: each.p50, "half of the tasks took at most so long, first claim to done"),
            self._time("Cycle time, P90", "cycle", lambda each: each.p90, "nine in ten took at most so long, first claim to done"),
            self._time("Lead time, P50", "lead", lambda each: each.p50, "half took at most so long, from being added to done"),
            Figure("Failure rate", _percent(found.total), _percent(found.before), "attempts that failed or lost their lease"),
            Figure("Cost", _cost(found.total, "–"), _cost(found.before, "–"), "in US dollars, as far as the agents told it"),
        ]

    def _time(self, title: str, what: str, part: Callable[[Percentiles], float], means: str) -> Figure:
        now, before = self.found.overall.get(what), self.found.overall.get(f"{what}_before")
        return Figure(title, duration(part(now)) if now else "–", duration(part(before)) if before else "–", means)

    @property
    def throughput(self) -> Chart:
        total = self.found.done_now
        points = [
            Point(_day(day), count if total else None, _tasks(count), self._on(day, "done")) for day, count in self.found.done.items()
        ]
        best = max(self.found.done.items(), key=lambda each: each[1])
        most = f", most on {_day(best[0])}: {best[1]}" if total > best[1] else f", all on {_day(best[0])}"
        says = f"{_tasks(total)} done in {len(points)} days{most}." if total else NOTHING_DONE
        return bars("throughput", "Throughput", Series("Done", "look-done", points), says=says, means="Tasks that became done, by day.")

    @property
    def cycle(self) -> Chart:
        means = "From the first claim of a task to done, retries and reviews included, by the day on which it was done."
        return self._times("cycle", "Cycle time", self.found.cycle, means, " has:agent")

    @property
    def lead(self) -> Chart:
        return self._times("lead", "Lead time", self.found.lead, "From being added to done, by the day on which it was done.", "")

    def _times(self, key: str, title: str, by_day: Mapping[date, Percentiles], means: str, which: str) -> Chart:
        def series(name: str, look: str, part: Callable[[Percentiles], float]) -> Series:
            points = [
                Point(_day(day), part(each), f"{duration(part(each))}, of {_tasks(each.count)}", self._on(day, "done", which))
                if (each := by_day.get(day))
                else Point(_day(day), None, "nothing done")
                for day in self.found.days
            ]
            return Series(name, look, points)

        both = [series("P50", "look-p50", lambda each: each.p50), series("P90", "look-p90", lambda each: each.p90)]
        overall = self.found.overall.get(key)
        says = f"Half took at most {duration(overall.p50)}, nine in ten at most {duration(overall.p90)}." if overall else NOTHING_DONE
        return lines(key, title, both, says=says, means=means, unit=in_time, step_of=time_step)

    @property
    def failures(self) -> Chart:
        points = [
            Point(_day(day), 100 * rate, f"{_percent(ends)}: {ends.bad} of {_attempts(ends.good + ends.bad)}", self._failed_on(day))
            if (ends := self.found.ends.get(day)) and (rate := ends.rate) is not None
            else Point(_day(day), None, "no attempt ended")
            for day in self.found.days
        ]
        total = self.found.total
        ended = total.good + total.bad
        return bars(
            "failures",
            "Failure rate",
            Series("Failed", "look-failed", points),
            says=f"{total.bad:,} of {_attempts(ended)} failed." if ended else "No attempt ended in these days.",
            means="Failed or lost their lease, of all that came to a result on the day. Released, cancelled and asking ones are left out.",
            unit=lambda value: f"{value:g} %",
        )

    @property
    def burn_up(self) -> Chart:
        scope = [Point(_day(each.day), each.scope, _tasks(each.scope), self._scope_of(each.day)) for each in self.found.burn_up]
        done = [Point(_day(each.day), each.done, _tasks(each.done), self._done_by(each.day)) for each in self.found.burn_up]
        last = self.found.burn_up[-1]
        return lines(
            "burn-up",
            "Burn-up",
            [Series("Scope", "look-scope", scope), Series("Done", "look-done", done)],
            says=f"{last.done:,} of {_tasks(last.scope)} done, {last.scope - last.done:,} left.",
            means="All tasks that were added and not cancelled, and those done, at the end of each day.",
        )

    @property
    def tiers(self) -> list[Bar]:
        return lying_bars((self._cost(tier.capitalize(), ends, tier=tier), _of(ends)) for tier, ends in self.found.by_tier.items())

    @property
    def agents(self) -> list[Bar]:
        titles = agent_titles() if self.found.by_agent else {}
        return lying_bars((self._cost(titles.get(name, name), ends, agent=name), _of(ends)) for name, ends in self.found.by_agent.items())

    def _cost(self, label: str, ends: Ends, **which: str) -> Point:
        return Point(
            label, float(ends.cost), _cost(ends, "cost not told"), self._attempts(self.found.days.first, self.found.days.last, **which)
        )

    @property
    def waits(self) -> list[Bar]:
        return lying_bars(
            (
                Point(WAITS[wait.reason], wait.seconds, duration(wait.seconds), self._stays(wait.reason)),
                f"{wait.count:,} times" if wait.count != 1 else "once",
            )
            for wait in self.found.waits
        )

    def _on(self, day: date, state: str, which: str = "") -> str:
        return self.listed(f"state:{state} finished:{day.isoformat()}{which}")

    def _scope_of(self, day: date) -> str:
        return self.listed(f"created:<={day.isoformat()} -cancelled:<={day.isoformat()}")

    def _done_by(self, day: date) -> str:
        return self.listed(f"state:done finished:<={day.isoformat()}")

    def _failed_on(self, day: date) -> str:
        return self._attempts(day, day, ended="bad")

    def _attempts(self, first: date, last: date, **which: str) -> str:
        return self._linked("ended_attempts", first, last, **which)

    def _stays(self, reason: str) -> str:
        return self._linked("activity", self.found.days.first, self.found.days.last, kind=f"stay:{reason}")

    def _linked(self, name: str, first: date, last: date, **which: str) -> str:
        days = {"from": first.isoformat(), "until": last.isoformat()}
        return f"{reverse(name, args=[self.project.slug])}?{urlencode(days | which)}"


def _day(day: date) -> str:
    return say_date(day, "j M")


def _tasks(count: int) -> str:
    return f"{count:,} task{'' if count == 1 else 's'}"


def _attempts(count: int) -> str:
    return f"{count:,} attempt{'' if count == 1 else 's'}"


def _cost(ends: Ends, nothing: str) -> str:
    """Say what attempts cost; `nothing` if not one of them told it. All costs are in US dollars, the only currency of a report."""
    if not ends.priced:
        return nothing
    return "under $0.01" if 0 < ends.cost < Decimal("0.005") else f"${ends.cost:,.2f}"


def _percent(ends: Ends) -> str:
    return "–" if ends.rate is None else f"{percent(ends.bad, ends.good + ends.bad)} %"


def _of(ends: Ends) -> str:
    facts = [_attempts(ends.count)]
    if ends.rate is not None:
        facts.append(f"{ends.bad:,} of {ends.good + ends.bad:,} failed")
    if 0 < ends.priced < ends.count:
        facts.append(f"{ends.priced:,} told a cost")
    return ", ".join(facts)
