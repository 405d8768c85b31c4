from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Do all that is due: expire leases, queue retries, mark silent agents, advance phases."
    job = staticmethod(jobs.sweep)
