
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('coordination', '0008_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('q', models.CharField(blank=True, default='', max_length=1000)),
                ('layout', models.CharField(choices=[('board', 'board'), ('list', 'list'), ('timeline', 'timeline'), ('graph', 'graph')], default='board', max_length=10)),
                ('sort', models.CharField(blank=True, default='', max_length=20)),
                ('group', models.CharField(blank=True, default='', max_length=20)),
                ('created_by', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to=settings.AUTH_USER_MODEL)),
                ('project', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='coordination.project')),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('project', 'owner', 'name'), name='view_names_are_unique_for_a_person'), models.UniqueConstraint(condition=models.Q(('owner', None)), fields=('project', 'name'), name='shared_view_names_are_unique')],
            },
        ),
    ]
