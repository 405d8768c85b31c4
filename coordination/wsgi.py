"""The WSGI application that Granian serves."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from worker.processes import end_with_supervised_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")

end_with_supervised_parent()
django_application = get_wsgi_application()
# After Django is set up: this door uses its models.
application = import_module("coordination.git_http.door").with_git(django_application)
