from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Drop what is kept for a limited time: stored answers, ended sessions and, if KEEP_EVENTS_DAYS says so, old events."
    job = staticmethod(jobs.forget)
