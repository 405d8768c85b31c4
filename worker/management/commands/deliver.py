from worker import jobs
from worker.commands import JobCommand


class Command(JobCommand):
    help = "Send what happened to the webhooks that asked for it."
    job = staticmethod(jobs.deliver)
