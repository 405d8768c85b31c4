"""Hands the timetable to Huey, which looks for a module of this name. Our own *tasks* are rows; Huey's are called jobs."""

from huey.contrib.djhuey import db_periodic_task

from worker.timetable import TIMETABLE, every, one_at_a_time

for _row in TIMETABLE:
    # A job that waited longer than its own interval, because every thread was busy, would only repeat the next one.
    db_periodic_task(every(_row.every), name=_row.name, expires=max(60, _row.every))(one_at_a_time(_row))
