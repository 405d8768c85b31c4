"""Tasks that a person may mean, from a few letters."""

from django.db.models import Case, Q, QuerySet, Value, When

from coordination.lifecycle import FINISHED
from coordination.models import Task

MOST = 10


def pick(tasks: QuerySet[Task], text: str) -> list[Task]:
    """Return those whose number is `text` or whose title has all of its words: the number first, then unfinished, then newest."""
    text = text.strip()[:100]
    bare = text.removeprefix("#")
    by_number = Q(pk=int(bare)) if bare.isascii() and bare.isdigit() and len(bare) < 18 else Q()
    by_title = Q()
    for word in text.split()[:6]:
        by_title &= Q(title__icontains=word)
    found = tasks.filter(by_number | by_title if by_number else by_title)
    rank = Case(When(by_number, then=Value(0)) if by_number else When(pk=0, then=Value(0)), When(state__in=FINISHED, then=2), default=1)
    return list(found.only("id", "title", "state").order_by(rank, "-id")[:MOST])
