"""The WSGI application that Granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from worker.processes import end_with_supervised_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")

end_with_supervised_parent()
application = get_wsgi_application()
