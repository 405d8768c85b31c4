import pytest

from coordination.models import ApiKey, Event, Phase, Project, User
from coordination.operations.bootstrap import bootstrap
from coordination.queries.access import Permission, caller_of_key

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_first_start_makes_an_admin_a_project_with_an_inbox_and_a_key() -> None:
    kept: list[str] = []
    first = bootstrap(kept.append)
    assert first is not None
    admin = User.objects.get()
    assert admin.check_password(first.password)
    assert admin.is_superuser
    assert Phase.objects.get(project__slug="default").open_ended
    assert kept == [first.key]
    caller = caller_of_key(first.key)
    assert caller.may(Permission.WORK, Project.objects.get().pk)
    assert not caller.may(Permission.PLAN, Project.objects.get().pk)


def test_the_second_start_makes_nothing() -> None:
    bootstrap(lambda key: None)
    counts = [User.objects.count(), Project.objects.count(), ApiKey.objects.count(), Event.objects.count()]
    assert bootstrap(lambda key: pytest.fail("there is no second key")) is None
    assert counts == [User.objects.count(), Project.objects.count(), ApiKey.objects.count(), Event.objects.count()]


def test_a_key_that_cannot_be_kept_leaves_nothing_behind() -> None:
    def keep(key: str) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        bootstrap(keep)
    assert not User.objects.exists()


def test_passwords_differ_from_start_to_start() -> None:
    first = bootstrap(lambda key: None)
    ApiKey.objects.all().delete()
    Project.objects.all().delete()
    User.objects.all().delete()
    second = bootstrap(lambda key: None)
    assert first
    assert second
    assert first.password != second.password
    assert len(first.password) >= 20
