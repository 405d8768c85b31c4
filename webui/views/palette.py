from django.http import HttpResponse
from django.urls import reverse

from coordination.errors import NotFound
from coordination.models import Project
from coordination.queries import palette as query
from coordination.queries.access import find_project
from webui import places
from webui.requests import Request, page, shows

THEMES = (
    ("system", "Follow the system's theme", "monitor"),
    ("light", "Use the light theme", "sun"),
    ("dark", "Use the dark theme", "moon"),
)


@shows
def palette(request: Request) -> HttpResponse:
    """What fits a few words. The script shows the part of it as people type; without one it is a page with a form."""
    text = request.GET.get("q", "")
    project = _project(request)
    words = query.words_of(text.lower())
    links = [*(places.of_project(project) if project else []), *places.everywhere()]
    return page(
        request,
        "palette/palette.html",
        part="palette/_found.html",
        section="palette",
        project=project,
        text=text,
        found=query.find(text, request.caller, project),
        places=[link for link in links if _fits(words, f"{link.place.title} {link.place.other_words}")],
        themes=[theme for theme in THEMES if words and _fits(words, f"theme {theme[1]}")],
        back=reverse("board", args=[project.slug]) if project else reverse("home"),
    )


def _project(request: Request) -> Project | None:
    """Return the project that the page stands in, which only decides what is shown first."""
    slug = request.GET.get("project", "")
    try:
        return find_project(request.caller, slug) if slug else None
    except NotFound:
        return None


def _fits(words: list[str], text: str) -> bool:
    return all(word in text.lower() for word in words)
