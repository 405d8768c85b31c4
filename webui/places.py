"""The pages that one can go to from every page: the bar at the top, the keys behind `g` and the palette are drawn from this list."""

from dataclasses import dataclass

from django.urls import reverse

from coordination.models import Project


@dataclass(frozen=True)
class Place:
    """A page: its URL name, its title, its icon and the letter that follows `g`."""

    name: str
    title: str
    icon: str
    key: str
    sections: tuple[str, ...] = ()  # pages on which it is the current one
    is_tab: bool = False
    other_words: str = ""  # what else the palette finds it by


@dataclass(frozen=True)
class Link:
    place: Place
    url: str


EVERYWHERE = (
    Place("home", "Projects", "folder-kanban", "h", ("home",), other_words="home needs you inbox"),
    Place("agents", "Agents", "bot", "a", ("agents", "agent"), other_words="fleet health"),
    Place("account", "Your account", "circle-user", "u", ("account",), other_words="password theme time zone second factor sessions"),
)
OF_PROJECT = (
    Place("board", "Board", "square-kanban", "b", ("board", "list", "timeline", "graph"), is_tab=True, other_words="kanban columns"),
    Place("task_list", "List", "list", "l", ("list",), other_words="table tasks"),
    Place("timeline", "Timeline", "chart-gantt", "t", ("timeline",), other_words="gantt"),
    Place("graph", "Graph", "workflow", "g", ("graph",), other_words="dependencies dag critical path"),
    Place("plan", "Plan", "list-tree", "p", ("plan",), is_tab=True, other_words="phases gates forecast"),
    Place("attempts_grid", "Attempts", "table-properties", "r", ("grid", "attempts_grid"), other_words="grid runs"),
    Place("insights", "Insights", "chart-column", "i", ("insights",), is_tab=True, other_words="charts throughput cycle time cost burn-up"),
    Place("activity", "Activity", "activity", "v", ("activity",), is_tab=True, other_words="events feed log"),
    Place("messages", "Messages", "message-square", "m", ("messages",), is_tab=True),
    Place("replay", "Replay", "history", "y", ("replay",), is_tab=True, other_words="time slider past"),
    Place("project_history", "History", "git-commit-horizontal", "o", ("history", "project_history"), other_words="commits git log"),
    Place("plan_files", "Import and export", "upload", "e", ("plan_files",), other_words="plan directory markdown"),
    Place(
        "project_settings", "Settings", "settings", "s", ("settings",), is_tab=True, other_words="members roles keys channels limits budget"
    ),
)


def everywhere() -> list[Link]:
    return [Link(place, reverse(place.name)) for place in EVERYWHERE]


def of_project(project: Project) -> list[Link]:
    return [Link(place, reverse(place.name, args=[project.slug])) for place in OF_PROJECT]
