"""One version, two versions, the lines between, remarks on them, and the way back."""

import html
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from coordination.models import Agent, ApiKey, DiffLayout, LineComment, Task, User, ViewedFile
from coordination.operations import agents, finish, line_comments, seals
from coordination.operations.creation import NewTask, create_task
from coordination.operations.files import save_files
from coordination.operations.report import Report
from tests.webui.conftest import signed_in, started
from tests.webui.test_safety import Links
from webui.diffpage import key_of

LONG = "".join(f"this is line {number}\n" for number in range(1, 201))
CHANGED = LONG.replace("line 100\n", "line one hundred\n")
HTMX = {"HX-Request": "true"}


def saved(task: Task, by: User, message: str = "Change", **files: str | bytes | None) -> str:
    """Save files by their name, `__` for a slash, and return the commit."""
    task.refresh_from_db()
    names = {"context/" + name.replace("__", "."): content for name, content in files.items()}
    changes = {name: content.encode() if isinstance(content, str) else content for name, content in names.items()}
    return save_files(task, changes, base=task.head, actor=by.actor, message=message).head


@pytest.fixture
def two(task: Task, pat: User) -> tuple[str, str]:
    return saved(task, pat, a__md=LONG), saved(task, pat, "Spell it out\n\nFor people.", a__md=CHANGED)


def text(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return " ".join(strip_tags(response.content.decode()).split())


def test_a_version_says_who_when_why_and_what(pat: User, task: Task, two: tuple[str, str]) -> None:
    page = text(signed_in(pat), f"/t/{task.pk}/commits/{two[1]}")
    for words in ("Spell it out", "For people.", "pat", two[1], "line one hundred", "+1 −1"):
        assert words in page


@pytest.mark.parametrize("layout", DiffLayout.values)
def test_each_layout_shows_what_changed(pat: User, task: Task, two: tuple[str, str], layout: str) -> None:
    client = signed_in(pat)
    here = f"/t/{task.pk}/commits/{two[1]}"
    answer = client.post("/account/diff-layout", {"layout": layout, "next": here})
    assert answer.headers["Location"] == here
    page = client.get(here).content.decode()
    assert "one hundred" in strip_tags(page)
    pressed = re.findall(r'value="(\w+)"[^>]*aria-pressed="true"', page)
    assert pressed == [layout]
    assert ("<ins>one hundred</ins>" in page) == (layout == DiffLayout.PROSE)
    assert ("<mark>one hundred</mark>" in page) == (layout != DiffLayout.PROSE)


def test_a_layout_that_is_none_is_refused_and_leads_nowhere_else(pat: User, project: object) -> None:
    client = signed_in(pat)
    assert client.post("/account/diff-layout", {"layout": "sideways"}).status_code == 422
    answer = client.post("/account/diff-layout", {"layout": "split", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/"


def test_the_places_to_compare_have_names(pat: User, task: Task, two: tuple[str, str], jared: Agent, key: ApiKey) -> None:
    holder = started(task, jared, key)
    later = saved(task, pat, a__md="other\n")
    finish.complete(holder, Report(result="Done."))
    seals.seal(task.attempts.get().pk)
    client = signed_in(pat)
    page = text(client, f"/t/{task.pk}/compare?from=attempt:1&to=now")
    assert "From what attempt 1 saw to now" in page
    assert two[1][:8] in page
    assert later[:8] in page
    assert "other" in page
    sealed = text(client, f"/t/{task.pk}/compare?from=attempt:1&to=attempt:1:result")
    assert "result.json" in sealed
    history = client.get(f"/t/{task.pk}/history").content.decode()
    assert "from=attempt:1&amp;to=now" in history
    assert "result.json" not in history
    assert "Attempt 1 by jared" in text(client, f"/t/{task.pk}/history?branch=attempt:1:result")


@pytest.mark.parametrize("name", ["attempt:9", "attempt:1:files", "main", "--help", "0" * 40, "attempt:0", "attempt:99999999999"])
def test_places_that_are_none_are_not_found(pat: User, task: Task, name: str) -> None:
    client = signed_in(pat)
    assert client.get(f"/t/{task.pk}/compare", {"from": name, "to": "now"}).status_code == 404
    assert client.get(f"/t/{task.pk}/compare", {"to": name}).status_code == 404
    assert client.get(f"/t/{task.pk}/blame", {"at": name}).status_code == 404


def test_two_versions_chosen_in_the_wrong_order_are_put_right(pat: User, task: Task, two: tuple[str, str]) -> None:
    answer = signed_in(pat).get(f"/t/{task.pk}/compare", {"from": two[1], "to": two[0]})
    assert answer.status_code == 302 or answer.status_code == 200  # saved within one second they have no order
    if answer.status_code == 302:
        assert answer.headers["Location"].endswith(f"?from={two[0]}&to={two[1]}")


def test_lines_that_were_left_out_can_be_asked_for(pat: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    page = client.get(f"/t/{task.pk}/commits/{two[1]}").content.decode()
    assert "line 90<" not in page
    more = re.findall(r'hx-get="([^"]+)"', page)
    more = [each.replace("&amp;", "&") for each in more if "diff/lines" in each]
    rows = client.get(next(each for each in more if "take=tail" in each)).content.decode()
    assert 'id="L96-' in rows
    assert 'id="L76-' not in rows
    assert "take=all" in rows, "the rest of the gap can be asked for"
    whole = text(client, f"/t/{task.pk}/commits/{two[1]}?context=all&only=context/a.md")
    for number in (1, 50, 90, 150, 200):
        assert f"this is line {number}" in whole


@pytest.mark.parametrize("place", ["first=0&last=3", "first=1&last=9999", "first=5&last=2", "first=x&last=3", ""])
def test_lines_that_are_none_are_refused(pat: User, task: Task, two: tuple[str, str], place: str) -> None:
    address = f"/t/{task.pk}/diff/lines?at={two[1]}&path=context/a.md&layout=unified&offset=0&{place}"
    assert signed_in(pat).get(address).status_code == 422


def test_white_space_can_be_hidden(pat: User, task: Task) -> None:
    saved(task, pat, a__md="one two\n")
    commit = saved(task, pat, a__md="one  two \n")
    client = signed_in(pat)
    assert "Only white space differs" in text(client, f"/t/{task.pk}/commits/{commit}?spaces=0")
    assert "Only white space differs" not in text(client, f"/t/{task.pk}/commits/{commit}")


def test_what_is_not_text_or_too_much_is_said_so(pat: User, task: Task) -> None:
    saved(task, pat, logo__png=b"\x89PNG\0", big__md="x\n")
    commit = saved(task, pat, logo__png=b"\x89PNG\0\0\0", big__md="".join(f"{number}\n" for number in range(3_000)), same__md="")
    client = signed_in(pat)
    page = text(client, f"/t/{task.pk}/commits/{commit}")
    assert "Not text: 5 B before, 7 B after." in page
    assert "Too much to show unasked: 3000 lines came, 1 went." in page
    assert "An empty file was added." in page
    assert "2999" in text(client, f"/t/{task.pk}/commits/{commit}?only=context/big.md")


def test_many_files_come_in_pages(pat: User, task: Task) -> None:
    commit = saved(task, pat, **{f"f{number:02}__md": "a\n" for number in range(40)})
    client = signed_in(pat)
    page = client.get(f"/t/{task.pk}/commits/{commit}").content.decode()
    assert page.count("data-file ") == 15
    assert "Files 1 to 15 of 40" in strip_tags(page)
    assert "context/f39.md" in page, "all are listed"
    assert "context/f39.md" in text(client, f"/t/{task.pk}/commits/{commit}?first=30")


def test_a_file_is_viewed_until_it_changes(pat: User, vera: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(vera)
    page = client.get(f"/t/{task.pk}/commits/{two[1]}").content.decode()
    change = re.search(r'name="change" value="([^"]+)"', page)
    assert change
    form = {"path": "context/a.md", "change": change[1], "viewed": "1"}
    answer = client.post(f"/t/{task.pk}/diff/viewed", form, headers=HTMX).content.decode()
    assert 'aria-pressed="true"' in answer
    assert "1 of 1 viewed" in text(client, f"/t/{task.pk}/commits/{two[1]}")
    assert "0 of 1 viewed" in text(client, f"/t/{task.pk}/commits/{two[0]}"), "another change of the same file"
    assert "0 of 1 viewed" in text(signed_in(pat), f"/t/{task.pk}/commits/{two[1]}")
    client.post(f"/t/{task.pk}/diff/viewed", form | {"viewed": "0"})
    assert not ViewedFile.objects.exists()


def test_a_remark_is_said_shown_and_resolved(pat: User, vera: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    anchor = f"L100-{key_of('context/a.md')}"
    page = client.get(f"/t/{task.pk}/commits/{two[1]}?say={anchor}").content.decode()
    assert f'id="say-{anchor}"' in page, "the form stands below its line, without a script"
    form = {"commit": two[1], "path": "context/a.md", "line": "100", "text": "Why *spell* it?"}
    row = client.post(f"/t/{task.pk}/remarks", form, headers=HTMX)
    assert "<em>spell</em>" in row.content.decode()
    assert "part of the next brief" in row.headers["HX-Trigger"]
    page = client.get(f"/t/{task.pk}/commits/{two[1]}").content.decode()
    assert page.index(f'id="{anchor}"') < page.index("<em>spell</em>")
    assert "<em>spell</em>" in client.get(f"/t/{task.pk}/history").content.decode()
    seen = signed_in(vera).get(f"/t/{task.pk}/commits/{two[1]}").content.decode()
    assert "<em>spell</em>" in seen
    assert 'class="say"' not in seen
    remark = LineComment.objects.get()
    row = client.post(f"/t/{task.pk}/remarks/{remark.pk}/resolve", {"row": "1"}, headers=HTMX)
    assert "resolved by" in row.content.decode()
    assert "<em>spell</em>" not in client.get(f"/t/{task.pk}/history").content.decode()


def test_a_remark_follows_its_line_to_other_versions(pat: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    client.post(f"/t/{task.pk}/remarks", {"commit": two[0], "path": "context/a.md", "line": "50", "text": "Half way"})
    commit = saved(task, pat, a__md="new\n" + CHANGED.replace("line 52\n", "line fifty-two\n"))
    page = client.get(f"/t/{task.pk}/commits/{commit}").content.decode()
    assert page.index(f'id="L51-{key_of("context/a.md")}"') < page.index("Half way")
    commit = saved(task, pat, a__md="all else\n")
    page = client.get(f"/t/{task.pk}/commits/{commit}").content.decode()
    assert page.index("Half way") < page.index("<table"), "above the rows where its line is gone"


@pytest.mark.parametrize(
    "wrong", [{"line": "0"}, {"line": "9999"}, {"text": " "}, {"commit": "main"}, {"path": "nowhere"}, {"commit": "0" * 40}]
)
def test_a_remark_on_nothing_is_refused(pat: User, task: Task, two: tuple[str, str], wrong: dict[str, str]) -> None:
    form = {"commit": two[1], "path": "context/a.md", "line": "1", "text": "x"} | wrong
    assert signed_in(pat).post(f"/t/{task.pk}/remarks", form).status_code in (404, 422)
    assert not LineComment.objects.exists()


def test_a_restore_is_previewed_done_and_undone(pat: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    first, _ = two
    saved(task, pat, b__md="another\n")
    task.refresh_from_db()
    before = task.head
    preview = client.get(f"/t/{task.pk}/restore/preview?commit={first}").content.decode()
    assert "context/b.md is removed" in " ".join(strip_tags(preview).split())
    assert f'name="base" value="{before}"' in preview
    answer = client.post(f"/t/{task.pk}/restore", {"commit": first, "base": before}, follow=True)
    page = answer.content.decode()
    task.refresh_from_db()
    assert task.head != before
    assert f"Restored all files from {first[:8]}" in page
    undo = re.search(r'<form[^>]*restore".*?</form>', page, re.DOTALL)
    assert undo
    assert "Undo" in undo[0]
    back = dict(re.findall(r'name="(\w+)" value="([^"]*)"', undo[0]))
    assert (back["commit"], back["base"]) == (before, task.head)
    assert not task.files.filter(path="context/b.md").exists()
    client.post(f"/t/{task.pk}/restore", back)
    assert task.files.filter(path="context/b.md").exists()


def test_a_preview_has_the_columns_of_its_layout(pat: User, task: Task, two: tuple[str, str]) -> None:
    User.objects.filter(pk=pat.pk).update(diff_layout=DiffLayout.SPLIT)
    page = signed_in(pat).get(f"/t/{task.pk}/restore/preview?commit={two[0]}").content.decode()
    assert '<table class="diff layout-split">' in page
    assert '<col class="sign">' not in page


def test_one_file_is_restored_alone(pat: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    saved(task, pat, a__md=None, b__md="another\n")
    task.refresh_from_db()
    preview = text(client, f"/t/{task.pk}/restore/preview?commit={two[0]}&path=context/a.md")
    assert "context/a.md is brought back" in preview
    assert "context/b.md" not in preview
    client.post(f"/t/{task.pk}/restore", {"commit": two[0], "base": task.head, "path": "context/a.md"})
    assert sorted(task.files.values_list("path", flat=True)) == ["context/a.md", "context/b.md", "context/names.md", "instructions.md"]


def test_a_restore_of_what_changed_meanwhile_is_refused(pat: User, task: Task, two: tuple[str, str]) -> None:
    answer = signed_in(pat).post(f"/t/{task.pk}/restore", {"commit": two[0], "base": two[0]})
    assert answer.status_code == 409
    task.refresh_from_db()
    assert task.head == two[1]


def test_nothing_to_restore_is_said_so(pat: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(pat)
    assert "Nothing to restore" in text(client, f"/t/{task.pk}/restore/preview?commit={two[1]}")
    answer = client.post(f"/t/{task.pk}/restore", {"commit": two[1], "base": two[1]}, follow=True)
    assert "Nothing changed" in answer.content.decode()


def test_a_viewer_looks_and_changes_nothing(vera: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(vera)
    form = {"commit": two[0], "path": "context/a.md", "line": "1", "text": "x", "base": two[1]}
    for verb in ("remarks", "remarks/1/resolve", "restore"):
        assert client.post(f"/t/{task.pk}/{verb}", form).status_code == 403, verb
    assert client.get(f"/t/{task.pk}/restore/preview?commit={two[0]}").status_code == 403


def test_a_stranger_finds_nothing(stranger: User, task: Task, two: tuple[str, str]) -> None:
    client = signed_in(stranger)
    places = (f"commits/{two[1]}", "compare", "blame", f"diff/lines?at={two[1]}&path=context/a.md&first=1&last=2&offset=0")
    for place in places:
        assert client.get(f"/t/{task.pk}/{place}").status_code == 404, place
    for verb in ("remarks", "diff/viewed", "restore"):
        assert client.post(f"/t/{task.pk}/{verb}", {"path": "context/a.md"}).status_code == 404, verb


HOSTILE = ["<script>beacon()</script>", '"><img src=x onerror=beacon()>', "{{ 7|add:7 }}", "\u202egnitirw", "' onmouseover='beacon()"]
ODD_NAME = "context/' onmouseover='beacon() {{ 7 }} &lt;b&gt;.md"


@pytest.mark.parametrize("layout", DiffLayout.values)
@pytest.mark.parametrize("words", HOSTILE)
def test_whatever_is_written_is_text_everywhere(pat: User, task: Task, words: str, layout: str) -> None:
    client = signed_in(pat)
    client.post("/account/diff-layout", {"layout": layout})
    task.refresh_from_db()
    files = {ODD_NAME: words.encode(), "context/x.py": f"x = '{words}'\n".encode()}
    first = save_files(task, files, base=task.head, actor=pat.actor, message=words).head
    client.post(f"/t/{task.pk}/remarks", {"commit": first, "path": ODD_NAME, "line": "1", "text": words})
    task.refresh_from_db()
    save_files(task, {ODD_NAME: f"{words} {words}".encode()}, base=task.head, actor=pat.actor, message=words * 2)
    places = ("history", f"commits/{first}", f"compare?from={first}&to=now", "blame?path=context/x.py", f"restore/preview?commit={first}")
    for path in (*(f"/t/{task.pk}/{place}" for place in places), "/p/tally/history"):
        page = client.get(path).content.decode()
        _assert_harmless(page)
        if "history" not in path and "blame" not in path:
            assert "&lt;b&gt;.md" in html.unescape(page)


def _assert_harmless(page: str) -> None:
    assert "<script>beacon" not in page
    assert "<img src=x" not in page
    links = Links()
    links.feed(page)
    assert not links.forbidden


def test_no_page_asks_more_than_fifteen_questions(pat: User, task: Task) -> None:
    heads = [saved(task, pat, **{f"f{number}__md": f"{turn} {number}\n" for number in range(8)}) for turn in range(6)]
    client = signed_in(pat)
    for turn in range(6):
        client.post(f"/t/{task.pk}/remarks", {"commit": heads[turn], "path": "context/f1.md", "line": "1", "text": f"Remark {turn}"})
    paths = (
        f"/t/{task.pk}/history",
        f"/t/{task.pk}/commits/{heads[-1]}",
        f"/t/{task.pk}/compare?from={heads[0]}&to=now",
        f"/t/{task.pk}/blame?path=context/f1.md",
        f"/t/{task.pk}/restore/preview?commit={heads[0]}",
        "/p/tally/history",
    )
    for path in paths:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200, path
        assert len(asked) <= 15, f"{path}: {len(asked)}"


@pytest.mark.parametrize("layout", DiffLayout.values)
def test_many_remarks_by_many_agents_cost_no_more_questions(pat: User, task: Task, key: ApiKey, two: tuple[str, str], layout: str) -> None:
    User.objects.filter(pk=pat.pk).update(diff_layout=layout)
    for number in range(12):
        agent = agents.register(name=f"agent-{number}", display_name=f"Agent the {number}th", key=key, actor=key.actor).actor
        said = [
            line_comments.comment(task, commit=two[1], path="context/a.md", line=95 + number % 8, text=f"Remark {number}", actor=agent)
            for _ in range(3)
        ]
        line_comments.resolve(said[0], actor=agent)
    client = signed_in(pat)
    for path in (f"/t/{task.pk}/commits/{two[1]}", f"/t/{task.pk}/compare?from={two[0]}&to=now", f"/t/{task.pk}/history", f"/t/{task.pk}/"):
        with CaptureQueriesContext(connection) as asked:
            page = text(client, path)
        assert len(asked) <= 15, f"{path}: {len(asked)}"
        if "commits" in path or "compare" in path:
            assert page.count("Agent the 11th") == 4, "three remarks, one of them resolved by the agent"


def test_a_task_without_files_has_no_version_to_be_found(pat: User, task: Task) -> None:
    empty = create_task(task.project, NewTask(title="Nothing written", phase=task.phase), actor=pat.actor)
    client = signed_in(pat)
    for place in (
        f"commits/{'a' * 40}",
        f"compare?from={'a' * 40}",
        f"history?branch={'a' * 40}",
        "blame",
        f"raw?at={'a' * 40}",
        "files/view",
    ):
        assert client.get(f"/t/{empty.pk}/{place}").status_code == 404, place
