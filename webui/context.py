from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest

ALL_SHEETS = "webui/css/all.css"
SHEETS = (
    "tokens",
    "base",
    "layout",
    "parts",
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
    "plan",
    "needs",
    "home",
    "activity",
    "replay",
    "charts",
    "agents",
    "messages",
)


def page(request: HttpRequest) -> dict[str, object]:
    """Give every page its stylesheets: one file where they were gathered, else each as it is written."""
    gathered = getattr(staticfiles_storage, "hashed_files", {})
    if ALL_SHEETS in gathered and not settings.DEBUG:
        return {"stylesheets": [ALL_SHEETS]}
    return {"stylesheets": [f"webui/css/{name}.css" for name in SHEETS]}
