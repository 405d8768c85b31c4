"""Markdown that strangers wrote, as HTML that is safe to show.

The parser never sees raw HTML as such, an allow-list cleans what it makes, and remote images do not survive, because
an agent could carry data out in their addresses. What would take long is shown as plain text instead: the parser's time
grows faster than the text when brackets or list markers pile up, so both are counted before it starts.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import cache
from itertools import count
from urllib.parse import urlsplit

import nh3
from django.core.cache import cache as shared_cache
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

LONGEST = 200_000  # characters
LONGEST_LINE = 2_000
MOST_BRACKETS = 2_000
MOST_MARKERS = 4_000  # of brackets, backticks, asterisks or underscores that could open something
MOST_LINES = 10_000
DEEPEST = 40  # list or quote markers that one line opens; what nests deeper than the parser goes would be lost
MARKUP_PER_WORD = 4  # how much longer than its words a text may be for an excerpt of it to be as long as it should
BREAKS = ("softbreak", "hardbreak")
KEEP_SECONDS = 24 * 60 * 60
RENDERER = "3"  # part of the cache's key: raise it when the output for the same text changes

OPENERS = re.compile(r"[\[`*_<~]")
LINE_MARKERS = re.compile(r"^(?:[ \t]*(?:[-+*>]|\d{1,9}[.)])[ \t]?)+", re.MULTILINE)
MARKER = re.compile(r"[-+*>]|\d{1,9}[.)]")
DEEP_INDENT = re.compile(r"^[ \t]{80,}\S", re.MULTILINE)

# A number of a task, or the name of an agent, where a word could begin.
MENTION = re.compile(r"(?<![\w&/@#.:=-])(?:#(?P<task>[1-9]\d{0,11})\b|@(?P<agent>[A-Za-z][\w-]{0,60}(?:\.[\w-]{1,40})*))(?![\w@])")
BOX = re.compile(r"\[([ xX])\] (?=\S)")
BOX_START = re.compile(r"\[([ xX])\] ")
BOX_HTML = re.compile(r"<input\b[^>]*>")
BOX_NAME = re.compile(r'aria-label="([^"]*)"')

TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s"),
    *("strong", "table", "tbody", "td", "th", "thead", "tr", "ul", "input"),
}
# The only input is the box of a task list, which this module makes itself: HTML in the text is shown as it is written.
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "input": {"type", "checked", "aria-label"}}
SCHEMES = {"http", "https", "mailto"}


def render(text: str, boxes_of: str = "") -> SafeString:
    """Return `text` as HTML, from the cache if it was rendered before.

    The boxes of task lists are buttons of the form with the id `boxes_of`, or signs if none is named.
    """
    if is_too_heavy(text):
        return as_plain(text)
    key = f"markdown:{RENDERER}:{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}"
    html: str | None = shared_cache.get(key)
    if html is None:
        html = _rendered(text)
        shared_cache.set(key, html, KEEP_SECONDS)
    return mark_safe(_with_boxes(html, boxes_of))


def toggled(text: str, place: int) -> str | None:
    """Return the text with its box number `place` (0 is the first) ticked or cleared, or None if it has no such box."""
    if is_too_heavy(text):
        return None
    lines = text.split("\n")
    at = [token.map[0] for token in _parser().parse(text) if token.type == "inline" and token.meta.get("box") and token.map]
    if not 0 <= place < len(at):
        return None
    line = lines[at[place]]
    lines[at[place]] = BOX.sub(lambda found: "[ ] " if found[1] != " " else "[x] ", line, count=1)
    return "\n".join(lines) if lines[at[place]] != line else None


def render_line(text: str) -> SafeString:
    """Return one line with its emphasis, code and links, and no blocks."""
    if len(text) > LONGEST_LINE or is_too_heavy(text):
        return mark_safe(escape(text))
    return mark_safe(_with_boxes(_cleaned(_parser().renderInline(text)), ""))


def excerpt(text: str, most: int) -> str:
    """Return the beginning of the text in one line of at most `most` characters: its words, without the signs of markup."""
    begun = text[: MARKUP_PER_WORD * most]
    words = " ".join([begun] if is_too_heavy(begun) else _words_of(begun)).split()
    return Truncator(" ".join(words) + ("…" if len(begun) < len(text) else "")).chars(most)


def _words_of(text: str) -> Iterator[str]:
    try:
        tokens = _parser().parse(text)
    except RecursionError:
        yield text
        return
    for token in tokens:
        if token.type in ("fence", "code_block"):
            yield token.content
        # Pieces of one paragraph are one text: a word may be set in bold by half.
        elif token.type == "inline":
            yield "".join(" " if each.type in BREAKS else each.content for each in token.children or () if each.type != "html_inline")


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
    parser.core.ruler.push("boxes", _boxes)
    parser.core.ruler.push("mentions", _mentions)
    parser.validateLink = _is_good_link  # type: ignore[method-assign]  # the parser's documented way to set a rule
    return parser


def _lower_headings(state: StateCore) -> None:
    """Put a text's headings below the page's own two levels."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


def _boxes(state: StateCore) -> None:
    """Turn `[ ]` at the beginning of a list's entry into a box."""
    for before, paragraph, inline in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if before.type != "list_item_open" or paragraph.type != "paragraph_open" or inline.type != "inline" or not inline.children:
            continue
        first = inline.children[0]
        found = BOX_START.match(first.content)
        if first.type != "text" or found is None or not BOX.match(inline.content):
            continue
        box = Token("html_inline", "", 0)
        name = escape(" ".join(BOX.sub("", inline.content, count=1).split())[:200])
        box.content = f'<input type="checkbox" aria-label="{name}"{" checked" if found[1] != " " else ""}>'
        first.content = first.content[found.end() :]
        inline.children.insert(0, box)
        inline.meta["box"] = True


def _mentions(state: StateCore) -> None:
    """Link `#12` to the task and `@jared` to the agent, outside of code and of other links."""
    for token in state.tokens:
        if token.type != "inline" or not token.children:
            continue
        depth, children = 0, []
        for child in token.children:
            depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
            children += _linked(child) if child.type == "text" and not depth else [child]
        token.children = children


def _linked(text: Token) -> list[Token]:
    pieces: list[Token] = []
    end = 0
    for found in MENTION.finditer(text.content):
        start = Token("link_open", "a", 1)
        start.attrs = {"href": f"/t/{found['task']}/" if found["task"] else f"/a/{found['agent']}/"}
        pieces += [_text(text.content[end : found.start()]), start, _text(found[0]), Token("link_close", "a", -1)]
        end = found.end()
    return [*pieces, _text(text.content[end:])] if pieces else [text]


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token


def _with_boxes(html: str, form: str) -> str:
    if "<input" not in html:
        return html
    places = count()

    def draw(found: re.Match[str]) -> str:
        place, is_done = next(places), " checked" in found[0]
        name = (BOX_NAME.search(found[0]) or ("", ""))[1]
        if not form:
            return f'<span class="box" role="img" aria-label="{"Done" if is_done else "To do"}"></span>'
        pressed = "true" if is_done else "false"
        # Without the type, htmx does not hear of a button that stands outside of its form.
        sends = f'type="submit" form="{form}" name="box" value="{place}"'
        return f'<button class="box" {sends} aria-pressed="{pressed}" aria-label="Done: {name}"></button>'

    return BOX_HTML.sub(draw, html)


def _is_good_link(url: str) -> bool:
    """Return whether a link may stay: to a web page, a mail address, or a place on this page."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return False
    return scheme in SCHEMES or url.startswith("#")
