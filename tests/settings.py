"""Muster's settings as the tests need them: everything it writes is below a temporary directory, whatever the shell says.

A settings module and no conftest, because pytest-django reads DATABASES before any conftest runs. The environment is
changed, and not the values after the import, so that the processes which tests start inherit the same shelter.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.servers.muster import FOREIGN, SECRET_KEY

_chosen_database = os.environ.get("DATABASE_URL", "")
for _name in FOREIGN:
    os.environ.pop(_name, None)
    os.environ.pop(f"{_name}_FILE", None)

# Set by the first process of a test run and inherited by its xdist workers, each of which has a room of its own there.
if "MUSTER_TEST_HOME" not in os.environ:
    os.environ["MUSTER_TEST_HOME"] = tempfile.mkdtemp(prefix="muster-tests-")
    atexit.register(shutil.rmtree, os.environ["MUSTER_TEST_HOME"], ignore_errors=True)
_home = Path(os.environ["MUSTER_TEST_HOME"]) / os.environ.get("PYTEST_XDIST_WORKER", "main")

os.environ["MUSTER_HOME"] = str(_home)
os.environ["SECRET_KEY"] = SECRET_KEY
# A SQLite file that the shell names is somebody's data; a PostgreSQL gets a database of its own, test_<name>.
_on_a_server = _chosen_database.startswith(("postgres://", "postgresql://"))
os.environ["DATABASE_URL"] = _chosen_database if _on_a_server else f"sqlite:///{_home / 'muster.sqlite3'}"
# Playwright's synchronous interface keeps an event loop in the tests' thread; Django takes that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from coordination.settings import *  # noqa: E402, F403  # the environment must be ready before it is read
from coordination.settings import DATABASES, MIDDLEWARE, ON_POSTGRES  # noqa: E402  # as above

if ON_POSTGRES:
    # Races are run by dozens of threads of one process, each with a connection of its own.
    DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 70
else:
    # A file and not memory: threads and processes of one test share it. pytest-django adds each xdist worker's name.
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.sqlite3")}
MIDDLEWARE = [
    "tests.middleware.StaticFilesFoundOnce" if each == "whitenoise.middleware.WhiteNoiseMiddleware" else each for each in MIDDLEWARE
]
# Jobs that tests enqueue must not reach the database that DATABASE_URL names; live servers use the real storage.
HUEY = {
    "name": "muster-tests",
    "huey_class": "huey.SqliteHuey",
    "immediate": False,
    "results": False,
    "utc": True,
    "connection": {"filename": str(_home / "jobs.sqlite3")},
}
# Logging in costs a second with the real hasher, by design.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
