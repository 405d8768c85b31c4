"""One thing that is not as it must be."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Fault:
    """`noun` and `id` say what it is about, `code` which rule is broken.

    The id is a task's for a repository or a task, a phase's for a phase, a project's for a plan or a copy.
    """

    noun: str
    id: int
    code: str
    sentence: str
    repaired: bool = False

    def as_repaired(self) -> "Fault":
        return replace(self, repaired=True)

    def __str__(self) -> str:
        return f"{self.noun} {self.id} [{self.code}] {self.sentence}{' Repaired.' if self.repaired else ''}"
