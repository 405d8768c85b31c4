from django.db import connection, models
from django.db.models import Q

from coordination.models.fields import TransactionId

# The number that the next transaction gets, and the oldest one at work in this database. pg_snapshot_xmin would also count
# those of every other database of the server, so that one long import elsewhere would hold up every event here.
IN_FLIGHT = """
    SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint,
        (SELECT array_agg(backend_xid::text::bigint) FROM pg_stat_activity
         WHERE datname = current_database() AND backend_xid IS NOT NULL)"""
SHORT = 2**32  # backend_xid has 32 bits, the numbers that events keep have 64


def _oldest_in_flight() -> int:
    """Return the number below which every transaction has ended.

    Must be asked in a statement of its own, before the events: what ended between the two is seen by the second.
    """
    with connection.cursor() as cursor:
        cursor.execute(IN_FLIGHT)
        following, at_work = cursor.fetchone()
    numbers: list[int] = [following, *(following - (following - xid) % SHORT for xid in at_work or ())]
    return min(numbers)


class EventQuerySet(models.QuerySet["Event"]):
    def settled(self) -> "EventQuerySet":
        """Leave out events younger than a transaction still in flight, so that no reader ever skips one that commits late."""
        if connection.vendor != "postgresql":
            return self
        return self.filter(txid__lt=_oldest_in_flight())

    def after(self, cursor: int) -> "EventQuerySet":
        """Return the events that follow event `cursor`, in the order of the log."""
        ordered = self.order_by("txid", "id")
        if connection.vendor != "postgresql" or cursor <= 0:
            return ordered.filter(id__gt=cursor)
        txid = Event.objects.filter(id=cursor).values_list("txid", flat=True).first()
        if txid is None:
            return ordered.filter(id__gt=cursor)
        return self.following(txid, cursor)

    def following(self, txid: int, event_id: int) -> "EventQuerySet":
        """Return the events behind a place in the log, whether or not an event still stands there."""
        return self.order_by("txid", "id").filter(Q(txid__gt=txid) | Q(txid=txid, id__gt=event_id))


class Event(models.Model):
    """One change: who did what to what, old and new. Written with the change; the audit log and the outbox."""

    txid = models.BigIntegerField(db_default=TransactionId(), editable=False)
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    # No number here is checked against its table: the log outlives what it speaks of, and a check would make every claim of
    # a project lock the one row of that project.
    project = models.ForeignKey(
        "coordination.Project", on_delete=models.CASCADE, null=True, related_name="events", db_index=False, db_constraint=False
    )
    phase_id = models.BigIntegerField(null=True)
    task_id = models.BigIntegerField(null=True)
    agent_id = models.BigIntegerField(null=True)
    attempt_id = models.BigIntegerField(null=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    data = models.JSONField(default=dict, blank=True)
    # Makes "this happens once" a constraint, for example the advance of a phase.
    once = models.CharField(max_length=80, null=True)  # noqa: DJ001  (NULL: most events have no such key)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["txid", "id"], name="event_log_order"),
            models.Index(fields=["project", "txid", "id"], name="event_project_order"),
            models.Index(fields=["task_id", "id"], name="event_task_order"),
        ]
        constraints = [models.UniqueConstraint(fields=["once"], condition=Q(once__isnull=False), name="an_event_happens_once")]

    def __str__(self) -> str:
        return f"{self.id} {self.kind}"
