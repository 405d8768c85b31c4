from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("coordination", "0010_agent_hours"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(
                    ("state__in", ["blocked", "review", "failed"]),
                    models.Q(("awaits_person", True), ("state", "waiting")),
                    _connector="OR",
                ),
                fields=["state", "state_since", "id", "project"],
                name="task_needs_person",
            ),
        ),
    ]
