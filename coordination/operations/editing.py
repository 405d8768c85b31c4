"""What every edit of a noun does: lock, compare the version, set what may be set, check, save."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError

from coordination.errors import Invalid, NotFound, PreconditionFailed, StaleVersion
from coordination.models import Project
from coordination.operations.events import changed

MOST_QUOTED = 200  # characters of what somebody else wrote


def lock_project(project_id: int) -> Project:
    """Hold the project's row: edits of its graph come one after the other (P13)."""
    if found := Project.objects.select_for_update(no_key=True).filter(pk=project_id).first():
        return found
    raise NotFound("This project does not exist any more.")


def changed_here(row: Any, changes: Mapping[str, Any], seen: Mapping[str, str]) -> dict[str, Any]:
    """Return the changes without those that a form only sends back as it was shown; `seen` are its fields as texts.

    StaleVersion if `row`, which the caller has locked, holds something else for one of the others: somebody changed that meanwhile.
    """
    found = {}
    for name, value in changes.items():
        was, stands, wanted = _as_text(seen.get(name)), _as_text(getattr(row, name)), _as_text(value)
        if name in seen and was == wanted:
            continue
        if name in seen and stands not in (was, wanted):
            label = name.replace("_", " ")
            quoted = f"“{stands[:MOST_QUOTED]}{'…' if len(stands) > MOST_QUOTED else ''}”" if stands else "empty"
            raise StaleVersion(
                f"Somebody changed the {label} meanwhile; it is {quoted} now. Close this, open it again and decide.", field=name
            )
        found[name] = value
    return found


def _as_text(value: object) -> str:
    """Return a value as a hidden field of a form tells it."""
    if isinstance(value, bool):
        return "on" if value else ""
    text = "\n".join(value) if isinstance(value, list | tuple) else str(value or "")
    return text.replace("\r\n", "\n").strip()


def apply_changes(row: Any, changes: Mapping[str, Any], editable: set[str], expected_version: int | None) -> dict[str, list[Any]]:
    """Save the changes to a row that the caller has locked, and return `{field: [old, new]}`, empty when nothing differs."""
    if expected_version is not None and row.version != expected_version:
        raise PreconditionFailed("It changed since you read it; read it again and repeat your change.", version=row.version)
    if refused := sorted(set(changes) - editable):
        raise Invalid(f"{refused[0]!r} cannot be changed here.", field=refused[0])
    before = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    check(row)
    differences = changed(before, {name: getattr(row, name) for name in changes})
    if differences:
        row.version += 1
        row.save(update_fields=[*changes, "version"])
    return differences


def check(row: Any) -> None:
    """Refuse a row that its model finds wrong, in one sentence naming the field.

    Rows it refers to are not asked for again: the caller has them in hand, and the database checks them.
    """
    relations = {field.name for field in row._meta.fields if field.is_relation}
    try:
        row.clean_fields(exclude=relations)
    except ValidationError as error:
        field, sentences = next(iter(error.message_dict.items()))
        raise Invalid(f"{field}: {sentences[0]}", field=field) from None
