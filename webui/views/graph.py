"""The graph page: the whole project or the neighbourhood of a task, as a drawing or as a table."""

import re

from django.http import HttpResponse, QueryDict

from coordination.lifecycle import MAY_STILL_WAIT, State
from coordination.models import Project
from coordination.queries import graph as query
from coordination.queries.access import find_project, find_task
from coordination.queries.graph_rows import DEEPEST, Side, Wanted
from coordination.queries.graph_selection import pick_edge, pick_task
from webui.filtering import bar_of
from webui.requests import Request, number, page, shows

DEPTHS = (1, 2, 3, 5)
EDGE = re.compile(r"(\d{1,17})-(\d{1,17})")
PICKS = ("task", "edge")


@shows
def graph(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    asked = _asked(request, project)
    bar = bar_of(request, project, "graph")
    matching = set(bar.matching(project.tasks.all()).values_list("pk", flat=True)) if bar.is_on else None
    found = query.graph(project, asked, matching=matching)
    picked = number(request.GET.get("task"))
    ends = EDGE.fullmatch(request.GET.get("edge", ""))
    edge = pick_edge(project, int(ends[1]), int(ends[2])) if ends else None
    return page(
        request,
        "graph/graph.html",
        part="graph/_graph.html",
        project=project,
        section="board",
        bar=bar,
        graph=found,
        asked=asked,
        around=find_task(request.caller, asked.around, slug=slug) if asked.around else None,
        as_table=request.GET.get("as") == "table",
        picked=pick_task(project, found, picked) if picked else None,
        picked_edge=edge,
        edge_may_change=edge is not None and State(edge.task.state) in MAY_STILL_WAIT,
        pick_from=_without_picks(request.GET),
        collapse_all=",".join(str(each.phase.pk) for each in found.phases),
        phase_names={each.phase.pk: each.phase.name for each in found.phases},
        depths=DEPTHS,
        sides=list(Side),
    )


def _asked(request: Request, project: Project) -> Wanted:
    around = number(request.GET.get("around"))
    side = request.GET.get("side", "")
    return Wanted(
        collapsed=frozenset(int(part) for part in request.GET.get("collapsed", "").split(",") if number(part)),
        around=find_task(request.caller, around, slug=project.slug).pk if around else None,
        side=Side(side) if side in list(Side) else Side.BOTH,
        only_matching=request.GET.get("others") == "hidden",
        depth=min(number(request.GET.get("depth")) or DEEPEST, DEEPEST),
    )


def _without_picks(asked: QueryDict) -> str:
    """Return the query of this page up to where a picked task or edge is added."""
    kept = asked.copy()
    for name in PICKS:
        kept.pop(name, None)
    return f"?{kept.urlencode()}&" if kept else "?"
