from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Pack the repositories that hold many loose objects."
    job = staticmethod(jobs.pack)
