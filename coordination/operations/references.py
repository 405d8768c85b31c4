"""Adding and removing references in the front matter of a task's instructions: a version each, like any other edit."""

from collections.abc import Sequence

from coordination import frontmatter
from coordination.actor import Actor
from coordination.errors import Conflict, Invalid, NotFound
from coordination.file_rules import INSTRUCTIONS
from coordination.models import Task
from coordination.operations.atomic import atomically
from coordination.operations.files import save_files
from coordination.queries.references import FORMS, MAX_REFERENCES, reference_of, references_in


@atomically
def add_reference(task: Task, text: str, *, base: str, actor: Actor) -> Task:
    """Hand out one thing more with the task. What the reference stands for may come later; that it is one is checked."""
    reference = reference_of(text.strip())
    if reference.task_id is None and not reference.repository and not reference.is_url:
        raise Invalid(f"This is no reference: write {FORMS}.", field="reference")
    source = _source(task)
    known = [each.text for each in references_in(source)]
    if reference.text in known:
        raise Conflict(f"{reference.text} is handed out already.")
    if len(known) >= MAX_REFERENCES:
        raise Invalid(f"A task has at most {MAX_REFERENCES} references.", field="reference")
    return _write(task, source, [*known, reference.text], base, actor, f"Refer to {reference.text}")


@atomically
def remove_reference(task: Task, text: str, *, base: str, actor: Actor) -> Task:
    """Hand it out no more; what it stands for is left as it is."""
    source = _source(task)
    known = [each.text for each in references_in(source)]
    if text not in known:
        raise NotFound(f"The instructions of #{task.pk} do not refer to {text!r}.")
    return _write(task, source, [each for each in known if each != text], base, actor, f"Do not refer to {text}")


def _source(task: Task) -> str:
    file = task.files.filter(path=INSTRUCTIONS).first()
    return (file.text or "") if file else ""


def _write(task: Task, source: str, entries: Sequence[str], base: str, actor: Actor, message: str) -> Task:
    try:
        text = frontmatter.with_list(source, "context", entries)
    except frontmatter.BadFrontMatter as fault:
        raise Invalid(str(fault), field="reference") from None
    return save_files(task, {INSTRUCTIONS: text.encode()}, base=base, actor=actor, message=message)
