"""The WSGI application that Granian serves."""

import os
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "coordination.settings")

django.setup(set_prefix=False)
# After Django is set up: these use its settings and models.
django_application = import_module("coordination.handler").Handler()
application = import_module("coordination.git_http.door").with_git(django_application)
