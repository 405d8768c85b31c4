"""Which jobs ran when: what is due once a night starts once, however many consumers ask."""

from datetime import datetime, timedelta

from django.db.models import Q

from coordination.models import JobMark
from coordination.models.clock import now
from coordination.operations.atomic import atomically

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
SAME_NIGHT = timedelta(hours=12)
MISSED = timedelta(hours=36)


def mark_of(name: str) -> JobMark:
    return JobMark.objects.get_or_create(name=name, defaults={"started_at": EPOCH})[0]


@atomically
def begin_tonight(name: str, *, hour: int) -> bool:
    """Return whether the caller shall run this nightly job now: it is the hour (UTC), or last night was missed."""
    mark_of(name)
    moment = now()
    due = Q(started_at__lte=moment - MISSED)
    if moment.hour == hour:
        due |= Q(started_at__lte=moment - SAME_NIGHT)
    return bool(JobMark.objects.filter(due, name=name).update(started_at=moment, finished_at=None))


@atomically
def finish(name: str, said: str) -> None:
    """Note that the job is done and what it said."""
    JobMark.objects.filter(name=name).update(finished_at=now(), said=said[:500])
