"""Markdown that strangers wrote, as HTML that is safe to show.

The parser never sees raw HTML as such, an allow-list cleans what it makes, and remote images do not survive, because
an agent could carry data out in their addresses. What would take long is shown as plain text instead: the parser's time
grows faster than the text when brackets or list markers pile up, so both are counted before it starts.
"""

import hashlib
import re
from functools import cache
from urllib.parse import urlsplit

import nh3
from django.core.cache import cache as shared_cache
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

LONGEST = 200_000  # characters
LONGEST_LINE = 2_000
MOST_BRACKETS = 2_000
MOST_MARKERS = 4_000  # of brackets, backticks, asterisks or underscores that could open something
MOST_LINES = 10_000
DEEPEST = 40  # list or quote markers that one line opens; what nests deeper than the parser goes would be lost
KEEP_SECONDS = 24 * 60 * 60
RENDERER = "2"  # part of the cache's key: raise it when the output for the same text changes

OPENERS = re.compile(r"[\[`*_<~]")
LINE_MARKERS = re.compile(r"^(?:[ \t]*(?:[-+*>]|\d{1,9}[.)])[ \t]?)+", re.MULTILINE)
MARKER = re.compile(r"[-+*>]|\d{1,9}[.)]")
DEEP_INDENT = re.compile(r"^[ \t]{80,}\S", re.MULTILINE)

TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}


def render(text: str) -> SafeString:
    """Return `text` as HTML, from the cache if it was rendered before."""
    if is_too_heavy(text):
        return as_plain(text)
    key = f"markdown:{RENDERER}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    html: str | None = shared_cache.get(key)
    if html is None:
        html = _rendered(text)
        shared_cache.set(key, html, KEEP_SECONDS)
    return mark_safe(html)


def render_line(text: str) -> SafeString:
    """Return one line with its emphasis, code and links, and no blocks."""
    if len(text) > LONGEST_LINE or is_too_heavy(text):
        return mark_safe(escape(text))
    return mark_safe(_cleaned(_parser().renderInline(text)))


def clean_changes(html: str) -> SafeString:
    """Return rendered text into which deletions and insertions were woven, made safe and well-formed once more."""
    return mark_safe(_cleaned(html, TAGS | {"ins", "del"}))


def as_plain(text: str) -> SafeString:
    return mark_safe(f'<div class="plain source">{escape(text)}</div>')


def is_too_heavy(text: str) -> bool:
    """Return whether parsing this could take long: checked in time proportional to its length."""
    if len(text) > LONGEST or text.count("[") > MOST_BRACKETS or len(OPENERS.findall(text)) > MOST_MARKERS:
        return True
    if text.count("\n") > MOST_LINES or DEEP_INDENT.search(text):
        return True
    return any(len(MARKER.findall(match.group())) > DEEPEST for match in LINE_MARKERS.finditer(text))


def _rendered(text: str) -> str:
    try:
        html = _parser().render(text)
    except RecursionError:
        return as_plain(text)
    return _cleaned(html)


def _cleaned(html: str, tags: set[str] = TAGS) -> str:
    clean = nh3.clean(html, tags=tags, attributes=ATTRIBUTES, url_schemes=SCHEMES, link_rel="noopener noreferrer nofollow")
    # Wide code and tables scroll; a keyboard can only scroll what it can reach.
    return clean.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">')


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(["table", "strikethrough"])
    parser.disable("image")
    parser.core.ruler.push("lower_headings", _lower_headings)
    parser.validateLink = _is_good_link  # type: ignore[method-assign]  # the parser's documented way to set a rule
    return parser


def _lower_headings(state: StateCore) -> None:
    """Put a text's headings below the page's own two levels."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def _is_good_link(url: str) -> bool:
    """Return whether a link may stay: to a web page, a mail address, or a place on this page."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return False
    return scheme in SCHEMES or url.startswith("#")
