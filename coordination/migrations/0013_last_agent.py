from django.db import migrations, models

NAME_IT = """
    UPDATE coordination_task SET last_agent = coalesce((
        SELECT g.name FROM coordination_attempt a JOIN coordination_agent g ON g.id = a.agent_id
        WHERE a.task_id = coordination_task.id ORDER BY a.number DESC LIMIT 1
    ), '')
    WHERE attempts_made > 0"""


class Migration(migrations.Migration):

    dependencies = [
        ('coordination', '0012_remarks'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='last_agent',
            field=models.CharField(blank=True, db_default='', default='', max_length=100),
        ),
        migrations.RunSQL(NAME_IT, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='task',
            index=models.Index(fields=['project', 'last_agent', 'id', 'state'], name='task_by_agent'),
        ),
    ]
