"""When things ran: the timeline, and the grid of attempts."""

from django.http import HttpResponse

from coordination.queries import timeline as query
from coordination.queries.access import find_project
from coordination.queries.attempts_grid import Order, attempts_grid
from coordination.queries.timeline import Range
from webui.filtering import bar_of
from webui.requests import Request, number, page, shows

ROWS_BY = ("task", "agent")


@shows
def timeline(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    span = request.GET.get("range", "")
    span = Range(span) if span in list(Range) else Range.DAY
    by = "agent" if request.GET.get("by") == "agent" else "task"
    ask = query.by_agent if by == "agent" else query.by_task
    keep_idle = request.GET.get("idle") == "shown"
    bar = bar_of(request, project, "timeline")
    matching = bar.matching(project.tasks.all()) if bar.is_on else None
    found = ask(project, span, matching=matching, offset=number(request.GET.get("offset")) or 0, keep_idle=keep_idle)
    return page(
        request,
        "timeline/timeline.html",
        part="timeline/_timeline.html",
        project=project,
        section="board",
        bar=bar,
        timeline=found,
        span=span,
        spans=list(Range),
        by=by,
        ways=ROWS_BY,
        keep_idle=keep_idle,
        as_table=request.GET.get("as") == "table",
    )


@shows
def grid(request: Request, slug: str) -> HttpResponse:
    project = find_project(request.caller, slug)
    order = request.GET.get("sort", "")
    order = Order(order) if order in list(Order) else Order.NEWEST
    bar = bar_of(request, project, "timeline")
    matching = bar.matching(project.tasks.all()) if bar.is_on else None
    found = attempts_grid(project, order, matching=matching, offset=number(request.GET.get("offset")) or 0)
    return page(
        request,
        "grid/grid.html",
        part="grid/_grid.html",
        project=project,
        section="board",
        bar=bar,
        grid=found,
        order=order,
        orders=list(Order),
    )
