import logging
from functools import cache

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import DatabaseError
from django.http import HttpRequest

from coordination.errors import MusterError
from coordination.models import User
from coordination.queries.access import caller_of_user
from coordination.queries.page_head import head

log = logging.getLogger(__name__)

ALL_SHEETS = "webui/css/all.css"
SHEETS = (
    "tokens",
    "base",
    "layout",
    "buttons",
    "states",
    "panels",
    "bars",
    "tables",
    "menus",
    "toasts",
    "forms",
    "prose",
    "pages",
    "board",
    "card",
    "lanes",
    "drag",
    "moves",
    "task",
    "shell",
    "palette",
    "settings",
    "filter",
    "list",
    "bulk",
    "needs",
    "home",
    "activity",
    "replay",
    "charts",
    "agents",
    "messages",
)


def page(request: HttpRequest) -> dict[str, object]:
    """Give every page its stylesheets, one file where they were gathered, else each as it is written, and what waits for its reader.

    Most views tell that themselves, with the rest of the head; nobody counts for them here.
    """
    gathered = getattr(staticfiles_storage, "hashed_files", {})
    is_gathered = ALL_SHEETS in gathered and not settings.DEBUG
    sheets = [ALL_SHEETS] if is_gathered else [f"webui/css/{name}.css" for name in SHEETS]
    return {"stylesheets": sheets, "needs_you": cache(lambda: _needs_you(request))}


def _needs_you(request: HttpRequest) -> int | None:
    """Return the number, or None where it cannot be told: a refusal is shown also while something is wrong with the database."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    try:
        return head(caller_of_user(user)).needs_you
    except (DatabaseError, MusterError) as error:
        log.warning("What waits for %s cannot be counted at the moment: %s", user, error)
        return None
