import pytest

from tests.factories import Plan, make_plan, swept_until_now


@pytest.fixture
def plan(db: None) -> Plan:
    """A project with one active phase; sweeps find nothing overdue yet."""
    swept_until_now()
    return make_plan()
