"""How a person likes their pages. Nobody else's business, so no event tells of it."""

from collections.abc import Mapping

from coordination.errors import Invalid
from coordination.models import DiffLayout, User


def save_preferences(user: User, changes: Mapping[str, object]) -> None:
    """Save what was checked already: `theme`, `time_zone`, `shortcuts`, or some of them."""
    User.objects.filter(pk=user.pk).update(**changes)


def choose_layout(user: User, layout: str) -> None:
    """Show this person every diff in this layout from now on."""
    if layout not in DiffLayout.values:
        raise Invalid(f"{layout!r} is no layout; choose {', '.join(DiffLayout.values)}.", field="layout")
    save_preferences(user, {"diff_layout": layout})
