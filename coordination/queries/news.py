"""What happened since a reader last looked, by project: enough to know which pages to draw again."""

from coordination.models import Event
from coordination.queries.activity import latest_event_id

BATCH = 1_000  # events; after more than these, everything is news
ALL = "all"


class News:
    """A reader's place in the log. What concerns no project, such as an agent's first sign of life, concerns all of them."""

    def __init__(self, watched: set[int] | None, seen: int) -> None:
        """Begin behind event `seen`; `watched` are the projects that the reader sees, None for all."""
        self._watched = watched
        self._place = _end()
        self.newest = latest_event_id()
        self.missed = self._told(list(Event.objects.filter(id__gt=seen).values_list("project_id", flat=True)[:BATCH]))

    def read(self) -> set[str]:
        """Return the projects that have news since the last call; to be called once after subscribing, and when the hub rings."""
        rows = list(Event.objects.settled().following(*self._place).values_list("txid", "id", "project_id")[:BATCH])
        if not rows:  # the hub rings everybody when it begins to follow the log
            return set()
        if len(rows) == BATCH:
            self._place, self.newest = _end(), latest_event_id()
            return {ALL}
        self._place, self.newest = rows[-1][:2], max(self.newest, *(row[1] for row in rows))
        return self._told([row[2] for row in rows])

    def _told(self, projects: list[int | None]) -> set[str]:
        if len(projects) == BATCH:
            return {ALL}
        return {ALL if each is None else str(each) for each in projects if each is None or self._watched is None or each in self._watched}


def _end() -> tuple[int, int]:
    return Event.objects.settled().order_by("txid", "id").values_list("txid", "id").last() or (0, 0)
