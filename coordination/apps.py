from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class CoordinationConfig(AppConfig):
    name = "coordination"
    verbose_name = "Coordination"

    def ready(self) -> None:
        from coordination import checks  # noqa: F401  (importing it registers the checks, which needs the app registry)
        from coordination.models import guards

        pre_migrate.connect(guards.take_down, sender=self, dispatch_uid="guards.take_down")
        post_migrate.connect(guards.put_up, sender=self, dispatch_uid="guards.put_up")
