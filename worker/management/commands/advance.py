from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Complete phases whose tasks are done and start those that are due."
    job = staticmethod(jobs.advance)
