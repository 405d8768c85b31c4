from django.http import HttpRequest

SHEETS = (
    "tokens",
    "base",
    "layout",
    "parts",
    "forms",
    "prose",
    "pages",
    "board",
    "task",
    "shell",
    "filter",
    "list",
    "bulk",
    "plan",
    "home",
    "history",
    "taskpage",
    "flow",
)


def page(request: HttpRequest) -> dict[str, object]:
    """Give every page its stylesheets."""
    return {"stylesheets": [f"webui/css/{name}.css" for name in SHEETS]}
