import pytest

from tests.factories import Plan, make_plan, swept_until_now


@pytest.fixture
def plan(transactional_db: None) -> Plan:
    """A project whose rows are really committed, so that other connections see them."""
    swept_until_now()
    return make_plan()


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a race is run: a few times with every test run, a thousand times under `make chaos`."""
    return 1000 if request.node.get_closest_marker("chaos") else 8


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give every race (a test that asks for `rounds`) its long version, marked chaos."""
    if "rounds" in metafunc.fixturenames:
        metafunc.fixturenames.append("length")
        metafunc.parametrize("length", ["short", pytest.param("long", marks=pytest.mark.chaos)])
