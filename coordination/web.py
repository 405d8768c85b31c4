"""The web server: Granian, started with everything loaded that its workers serve.

They are forked from it and share that memory, each page of it until one of them writes there.
"""

import gc
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from django.urls import get_resolver
from granian.cli import entrypoint

from worker.processes import end_with_supervised_parent

if TYPE_CHECKING:
    from coordination.git_http.door import Application


def application() -> "Application":
    """Return what a worker serves. Granian calls this in each, after the fork."""
    end_with_supervised_parent()
    found: Application = import_module("coordination.wsgi").application
    return found


def main() -> None:
    import_module("coordination.wsgi")
    get_resolver()._populate()  # loads every page; Django would do so at each worker's first request
    gc.collect()
    gc.freeze()  # or the collector would write to every object in each worker
    serve: Callable[[], None] = entrypoint
    serve()


if __name__ == "__main__":
    main()
