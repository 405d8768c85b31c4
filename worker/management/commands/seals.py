from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Let branches follow the heads that a crash left behind."
    job = staticmethod(jobs.seals)
