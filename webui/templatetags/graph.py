"""The nodes and edges of a graph as SVG. Drawn here and not in a template: a thousand nodes are a thousand turns of a loop."""

from collections.abc import Collection

from django import template
from django.http import QueryDict
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from coordination.lifecycle import DependencyKind, PhaseState, State
from coordination.queries.graph import Graph, GraphEdge, PhaseNode, TaskNode
from coordination.queries.graph_layout import NODE_HEIGHT, NODE_WIDTH
from webui import words
from webui.templatetags.muster import BAR_ORDER
from webui.text_width import fit, width

register = template.Library()

TITLE_FONT, TITLE_LINES, LINE = 13, 2, 16
TITLE_ROOM = (NODE_WIDTH - 22) / TITLE_FONT  # in sizes of the title's font
WORD_FONT = 12
HEADING_FONT = 14 * 1.08  # bold is wider
NODE = (
    '<a id="n{}" class="node {}" href="{}task={}" data-node="{}" data-state="{}" data-in-place transform="translate({} {})">'
    '<title>{}</title><rect class="box" width="{}" height="{}" rx="8"/><rect class="side" x="0" y="9" width="3.5" height="{}" rx="1.75"/>'
    '<use href="{}#{}" x="12" y="8.500" width="14" height="14"/><text class="word" x="31" y="20">{}</text>'
    '<text class="id" x="{}" y="20">#{}</text>{}{}</a>'
)
EDGE = '<path id="e{}-{}" class="{}" data-from="{}" data-to="{}" d="{}"/>'


@register.simple_tag
def graph_nodes(graph: Graph, pick_from: str, picked: int | None = None) -> SafeString:
    return format_html_join("\n", NODE, (_node(node, pick_from, node.pk == picked) for node in graph.nodes))


@register.simple_tag
def graph_edges(graph: Graph, picked: str = "") -> SafeString:
    drawn = sorted(graph.edges, key=lambda edge: (edge.is_critical, edge.is_held, not edge.is_satisfied))
    return format_html_join("\n", EDGE, (_edge(edge, f"{edge.source}-{edge.target}" == picked) for edge in drawn))


@register.simple_tag
def graph_ways(graph: Graph) -> SafeString:
    begun = {each.phase.pk for each in graph.phases if each.phase.started_at}
    ways = (
        (way.before, way.after, " is-critical" if way.is_critical else " is-met" if way.after in begun else "", way.path)
        for way in graph.ways
    )
    return format_html_join("\n", '<path id="w{}-{}" class="way{}" d="{}"/>', ways)


@register.simple_tag(takes_context=True)
def with_phase_collapsed(context: Context, phase_id: int) -> str:
    """Return this page's address with one more phase drawn as a node."""
    return _collapsing(context["request"].GET, {*context["asked"].collapsed, phase_id})


@register.simple_tag(takes_context=True)
def with_phase_open(context: Context, phase_id: int) -> str:
    """Return this page's address with a phase drawn open; one that is too large is opened by collapsing every other."""
    others = {each.phase.pk for each in context["graph"].phases if each.phase.pk != phase_id}
    collapsed = context["asked"].collapsed - {phase_id}
    return _collapsing(context["request"].GET, collapsed if phase_id in context["asked"].collapsed else others)


def _collapsing(asked: QueryDict, phases: Collection[int]) -> str:
    kept = asked.copy()
    for name in ("collapsed", "task", "edge"):
        kept.pop(name, None)
    listed = f"collapsed={','.join(str(pk) for pk in sorted(phases))}" if phases else ""
    return "?" + "&".join(part for part in (kept.urlencode(), listed) if part)


@register.simple_tag
def phase_icon(state: str, x: int, y: int) -> SafeString:
    look = words.OF_PHASE[PhaseState(state)]
    return format_html('<use href="{}#{}" x="{}" y="{}" width="14" height="14"/>', static("webui/icons.svg"), look.icon, x, y)


@register.simple_tag
def phase_bar(phase: PhaseNode, x: int, y: int) -> SafeString:
    """Draw the share of each tone of a phase; the numbers stand beside it."""
    room, start = phase.frame.width - 2 * x, float(x)
    pieces = []
    for tone in BAR_ORDER:
        share = room * phase.progress.drawn.get(tone, 0) / (phase.progress.total or 1)
        if share:
            pieces.append((tone, round(start, 1), y, round(share, 1)))
        start += share
    drawn = format_html_join("", '<rect class="bar-{}" x="{}" y="{}" width="{}" height="4"/>', pieces)
    return format_html('<rect class="bar-none" x="{}" y="{}" width="{}" height="4"/>{}', x, y, room, drawn)


@register.filter
def fits_heading(phase: PhaseNode) -> str:
    """Return the name of a phase as far as its frame has room for it."""
    count = 0 if phase.is_collapsed else width(f"{phase.progress.done}/{phase.progress.total}") * WORD_FONT + 10
    return (fit(phase.phase.name, (phase.frame.width - 34 - 14 - count) / HEADING_FONT, 1) or ("",))[0]


def _node(node: TaskNode, pick_from: str, is_picked: bool) -> tuple[object, ...]:
    look = words.OF_STATE[State(node.state)]
    flags = [f"tone-{look.tone}"]
    flags += ["is-critical"] * node.is_critical + ["is-held"] * bool(node.held_by)
    flags += ["is-faint"] * (not node.matches) + ["is-picked"] * is_picked + ["is-over"] * (node.state in ("done", "cancelled"))
    return (
        node.pk,
        " ".join(flags),
        pick_from,
        node.pk,
        node.pk,
        node.state,
        node.x,
        node.y,
        _spoken(node, look.word),
        NODE_WIDTH,
        NODE_HEIGHT,
        NODE_HEIGHT - 18,
        static("webui/icons.svg"),
        look.icon,
        _word(node, look.word),
        NODE_WIDTH - 12,
        node.pk,
        _title(node.title),
        _progress(node),
    )


def _spoken(node: TaskNode, word: str) -> str:
    parts = [f"#{node.pk} {node.title}", word.lower()]
    parts += [f"by {node.agent}"] * bool(node.agent) + [f"{node.progress} percent"] * (node.progress is not None)
    parts += ["held by " + ", ".join(f"#{pk}" for pk in node.held_by)] * bool(node.held_by) + ["on the critical path"] * node.is_critical
    return ", ".join(parts)


def _word(node: TaskNode, word: str) -> str:
    """Return the first of what could be said beside the icon that has room there, beside the number."""
    room = (NODE_WIDTH - 31 - 12 - 8) / WORD_FONT - width(f"#{node.pk}")
    said = [word]
    if node.held_by:
        first = f"by #{node.held_by[0]}"
        said = [f"Held {first}", first] if node.state == State.WAITING else [f"{word} {first}", word]
    elif node.agent:
        said = [f"{word} · {node.agent}"]
    elif node.attempts > 1:
        said = [f"{word} · {node.attempts}/{node.max_attempts}", word]
    return next((each for each in said if width(each) <= room), (fit(said[0], room, 1) or ("",))[0])


def _title(title: str) -> SafeString:
    lines = fit(title, TITLE_ROOM, TITLE_LINES)
    first = 41 + 8 * (TITLE_LINES - len(lines))
    placed = ((first + LINE * row, line) for row, line in enumerate(lines))
    return format_html_join("", '<text class="title" x="12" y="{}">{}</text>', placed)


def _progress(node: TaskNode) -> SafeString:
    if node.progress is None:
        return SafeString("")
    done = round((NODE_WIDTH - 24) * node.progress / 100, 1)
    return format_html('<rect class="so-far" x="12" y="{}" width="{}" height="3" rx="1.5"/>', NODE_HEIGHT - 4.5, done)


def _edge(edge: GraphEdge, is_picked: bool) -> tuple[object, ...]:
    flags = ["edge", f"of-{edge.kind}"] if edge.kind != DependencyKind.SUCCESS else ["edge"]
    flags += ["is-met"] * edge.is_satisfied + ["is-held"] * edge.is_held + ["is-critical"] * edge.is_critical + ["is-picked"] * is_picked
    return edge.source, edge.target, " ".join(flags), edge.source, edge.target, edge.path
