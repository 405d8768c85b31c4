"""Who does something: a person, an agent, a coordinator's or reader's key, or Muster itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Stored with every event, message and commit. `name` is shown to people; `id` is the row of its kind."""

    kind: str
    id: int | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def email(self) -> str:
        return f"{self.kind}-{self.id or 0}@muster.invalid"


SYSTEM = Actor("system", None, "muster")
