"""Two versions of a Markdown text as one rendered text, with the words that went and came.

Both are rendered as every page renders them. Blocks are paired first, then words inside a pair; the new version's tags
stay where they are, and of the old version only words are put between them, so that what comes out is as safe as what
went in. It is cleaned once more all the same.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.core.cache import cache as shared_cache
from django.utils.safestring import SafeString, mark_safe

from webui import markdown
from webui.matching import Effort, runs

VOID = {"br", "hr"}
INLINE = {"a", "br", "code", "del", "em", "s", "strong"}
PIECES = re.compile(r"&[^;\s]+;|\w+|\s+|[^\w\s]")
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
ALWAYS_ALIKE = {"ul", "ol", "table", "thead", "tbody", "blockquote", "td", "th"}
WINDOW = 30  # blocks ahead that are asked whether they have become this one
ALIKE = 0.35  # of the words of two blocks must be the same for one to have become the other


@dataclass
class Element:
    tag: str
    start: str  # its start tag as it was written
    children: "list[Node]" = field(default_factory=list)

    @property
    def end(self) -> str:
        return "" if self.tag in VOID else f"</{self.tag}>"


Node = Element | str


@dataclass(frozen=True)
class Token:
    """A tag, or a word with the inline tags it stands in: a word that became a link has changed."""

    html: str
    within: tuple[str, ...]
    is_tag: bool = False


def compared(old: str, new: str, effort: Effort) -> SafeString | None:
    """Return the rendered difference, or None if either text is too long to be rendered."""
    if markdown.is_too_heavy(old) or markdown.is_too_heavy(new):
        return None
    before, after = _Tree.of(markdown.render(old)), _Tree.of(markdown.render(new))
    return markdown.clean_changes("".join(_blocks(before, after, effort)))


def remembered(mark: str, old: str, new: str, effort: Effort) -> SafeString | None:
    """Return the same from the cache, by what tells this pair of contents from every other."""
    key = f"prosediff:{markdown.RENDERER}:{mark}"
    known: str | None = shared_cache.get(key)
    if known is not None:
        return mark_safe(known)
    html = compared(old, new, effort)
    if html is not None and effort.left > 0:  # what was given up may go better on a page of its own
        shared_cache.set(key, str(html), markdown.KEEP_SECONDS)
    return html


class _Tree(HTMLParser):
    """Reads what the renderer wrote, which is well-formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.root = Element("", "")
        self.open = [self.root]

    @classmethod
    def of(cls, html: str) -> list[Node]:
        reader = cls()
        reader.feed(html)
        reader.close()
        return reader.root.children

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, self.get_starttag_text() or f"<{tag}>")
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1].tag == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def _text(self, text: str) -> None:
        children = self.open[-1].children
        if children and isinstance(children[-1], str):
            children[-1] += text
        else:
            children.append(text)


def _blocks(old: Sequence[Node], new: Sequence[Node], effort: Effort) -> Iterator[str]:
    """Weave two lists of siblings: paragraphs, items, rows; or words, if words stand among them."""
    if not (_holds_blocks(old) and _holds_blocks(new)):
        yield from _words(old, new, effort)
        return
    before = [node for node in old if isinstance(node, Element)]
    after = [node for node in new if isinstance(node, Element)]
    reached_old = reached_new = 0
    common = runs([_html(node) for node in before], [_html(node) for node in after], effort)
    for i, j, length in [*common, (len(before), len(after), 0)]:
        yield from _between(before[reached_old:i], after[reached_new:j], effort)
        yield from (_html(node) for node in after[j : j + length])
        reached_old, reached_new = i + length, j + length


def _between(old: Sequence[Element], new: Sequence[Element], effort: Effort) -> Iterator[str]:
    """Weave blocks that changed into what they became; the rest went or came as a whole."""
    reached = 0
    pairs = _pairs(old, new, effort)
    ends = [len(old)] * len(new)
    for number in range(len(new) - 1, -1, -1):
        partner = pairs[number]
        ends[number] = partner if partner is not None else ends[number + 1] if number + 1 < len(new) else len(old)
    for number, node in enumerate(new):
        end = ends[number]
        yield from (_marked(gone, "del") for gone in old[reached:end])
        reached = max(reached, end)
        partner = pairs[number]
        if partner is None:
            yield _marked(node, "ins")
            continue
        yield node.start
        yield from _blocks(old[partner].children, node.children, effort)
        yield node.end
        reached = partner + 1
    yield from (_marked(gone, "del") for gone in old[reached:])


def _pairs(old: Sequence[Element], new: Sequence[Element], effort: Effort) -> list[int | None]:
    """Return for each new block the old one it came from, in order."""
    pairs: list[int | None] = []
    reached = 0
    for node in new:
        window = range(reached, min(reached + WINDOW, len(old))) if effort.left > 0 else ()
        place = next((at for at in window if _are_alike(old[at], node, effort)), None)
        pairs.append(place)
        reached = reached if place is None else place + 1
    return pairs


def _are_alike(old: Element, new: Element, effort: Effort) -> bool:
    if _kind(old) != _kind(new):
        return False
    if old.tag in ALWAYS_ALIKE:
        return True
    before, after = Counter(_text(old).split()), Counter(_text(new).split())
    effort.left -= before.total() + after.total()
    return sum((before & after).values()) >= ALIKE * max(before.total(), after.total())


def _kind(node: Element) -> str:
    return "heading" if node.tag in HEADINGS else node.tag


def _words(old: Sequence[Node], new: Sequence[Node], effort: Effort) -> Iterator[str]:
    before, after = list(_tokens(old)), list(_tokens(new))
    reached_old = reached_new = 0
    for i, j, length in [*runs(before, after, effort), (len(before), len(after), 0)]:
        gone = "".join(token.html for token in before[reached_old:i] if not token.is_tag)
        if gone.strip():
            yield f"<del>{gone}</del>"
        yield from _inserted(after[reached_new:j])
        yield from (token.html for token in after[j : j + length])
        reached_old, reached_new = i + length, j + length


def _inserted(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield what came, marked piece by piece between its tags."""
    words = ""
    for token in [*tokens, Token("", (), is_tag=True)]:
        if not token.is_tag:
            words += token.html
            continue
        yield f"<ins>{words}</ins>" if words.strip() else words
        words = ""
        yield token.html


def _tokens(nodes: Sequence[Node], within: tuple[str, ...] = ()) -> Iterator[Token]:
    for node in nodes:
        if isinstance(node, str):
            yield from (Token(piece, within) for piece in PIECES.findall(node))
        else:
            yield Token(node.start, within, is_tag=True)
            yield from _tokens(node.children, (*within, node.start))
            if node.end:
                yield Token(node.end, within, is_tag=True)


def _holds_blocks(nodes: Sequence[Node]) -> bool:
    return all(not node.strip() if isinstance(node, str) else node.tag not in INLINE for node in nodes)


def _marked(node: Node, mark: str) -> str:
    if isinstance(node, str):
        return f"<{mark}>{node}</{mark}>" if node.strip() else node
    return f"{node.start}{''.join(_marked(child, mark) for child in node.children)}{node.end}"


def _html(node: Node) -> str:
    return node if isinstance(node, str) else f"{node.start}{''.join(map(_html, node.children))}{node.end}"


def _text(node: Node) -> str:
    return node if isinstance(node, str) else " ".join(map(_text, node.children))
