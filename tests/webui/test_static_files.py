"""What a browser loads first: little, compressed, and only once."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client, override_settings

from coordination.models import Phase, Project, User
from webui.static_files import OURS, gather

pytestmark = pytest.mark.once("sqlite", "files are gathered, compressed and served without a database")
MOST_BYTES = 60_000  # of scripts and styles, compressed, before the first board can be used
MOST_LINES = 400  # of a stylesheet
IMPORT = re.compile(rb'(?:from|import)\s*"(\./[^"]+)"')


class Loads(HTMLParser):
    """Collects the scripts and styles of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script" or (tag == "link" and values.get("rel") == "stylesheet"):
            self.addresses.append(values.get("src") or values.get("href") or "")


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all files of the server were gathered, once for all tests here, which only read them."""
    root = tmp_path_factory.mktemp("static")
    with override_settings(STATIC_ROOT=root, STORAGES=dict(settings.STORAGES)):  # the second tells Django to make the storage anew
        assert gather() > 20
    return root


@pytest.fixture
def browser(gathered: Path, ada: User) -> Iterator[Client]:
    """A signed-in client of a server that has gathered its files."""
    with override_settings(STATIC_ROOT=gathered, STORAGES=dict(settings.STORAGES)):
        yield _signed_in(ada)


def _signed_in(ada: User) -> Client:
    client = Client(headers={"Accept-Encoding": "gzip, deflate, br"})
    client.force_login(ada)
    return client


def fetched(client: Client, address: str) -> bytes:
    with closing(client.get(address)) as response:
        assert response.status_code == 200, address
        return b"".join(response)


def headers_of(client: Client, address: str) -> Mapping[str, str]:
    with closing(client.get(address)) as response:
        return dict(response.headers)


def first_load(client: Client, page: str) -> dict[str, int]:
    """Return the size of each script and style that a page needs, as it travels."""
    loads = Loads()
    loads.feed(client.get(page).content.decode())
    sizes: dict[str, int] = {}
    plain = Client()
    waiting = loads.addresses
    while waiting:
        address = waiting.pop()
        if address in sizes:
            continue
        sizes[address] = len(fetched(client, address))
        if address.endswith(".js"):
            waiting += [str(Path(address).parent / found.decode()) for found in IMPORT.findall(fetched(plain, address))]
    return sizes


def test_the_first_board_loads_less_than_sixty_kilobytes(browser: Client, project: Project, phase: Phase) -> None:
    sizes = first_load(browser, "/p/tally/")
    assert len(sizes) > 15
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_the_styles_of_the_plan_are_loaded_by_the_plan_alone(browser: Client, project: Project, phase: Phase) -> None:
    def styles(page: str) -> set[str]:
        loads = Loads()
        loads.feed(browser.get(page).content.decode())
        return {Path(address).name.partition(".")[0] for address in loads.addresses if address.endswith(".css")}

    assert styles("/p/tally/") == {"all"}
    assert styles("/p/tally/plan") == {"all", "plan", "phases", "planmenu"}


def test_a_stylesheet_is_short_enough_to_be_read() -> None:
    sheets = (OURS / "webui" / "css").glob("*.css")
    assert {sheet.name: lines for sheet in sheets if (lines := len(sheet.read_text("utf-8").splitlines())) > MOST_LINES} == {}


@pytest.mark.parametrize(
    ("place", "script"), [("plan", "plan"), ("replay", "replay"), ("insights", "charts"), ("graph", "draw"), ("timeline", "timeline")]
)
def test_a_page_is_not_loaded_before_its_own_script_is(browser: Client, project: Project, phase: Phase, place: str, script: str) -> None:
    """What another script imports when it runs may come long after people began to press keys."""
    loads = Loads()
    loads.feed(browser.get(f"/p/tally/{place}").content.decode())
    assert any(re.search(rf"/js/{script}\.[0-9a-f]+\.js$", address) for address in loads.addresses)


def test_everything_it_loads_is_hashed_compressed_and_kept_for_ever(browser: Client, project: Project, phase: Phase) -> None:
    for address in first_load(browser, "/p/tally/"):
        assert re.search(r"\.[0-9a-f]{12}\.(?:css|js)$", address), address
        head = headers_of(browser, address)
        assert head["Cache-Control"] == "max-age=315360000, public, immutable", address
        assert head.get("Content-Encoding") == "br", address
        assert head["X-Content-Type-Options"] == "nosniff", address


def test_the_script_of_the_shared_stream_is_one_of_them(browser: Client, project: Project, phase: Phase) -> None:
    address = re.search(r'data-stream="([^"]+)"', browser.get("/p/tally/").content.decode())
    assert address is not None
    assert re.search(r"stream\.[0-9a-f]{12}\.js$", address[1])
    assert headers_of(browser, address[1])["Content-Type"].startswith("text/javascript")


def test_a_browser_that_knows_only_gzip_gets_gzip(browser: Client) -> None:
    address = next(address for address in first_load(browser, "/") if address.endswith(".css"))
    assert headers_of(Client(headers={"Accept-Encoding": "gzip"}), address)["Content-Encoding"] == "gzip"


def test_gathering_again_does_nothing(browser: Client) -> None:
    assert gather() == 0


def test_without_gathering_files_keep_their_names_and_are_found(db: None, client: Client) -> None:
    page = client.get("/login").content.decode()
    assert "/static/webui/js/app.js" in page
    assert b"morph.js" in fetched(client, "/static/webui/js/app.js")


def test_files_of_the_admin_pages_are_found_too(browser: Client) -> None:
    assert b"--primary" in fetched(Client(), "/static/admin/css/base.css")
