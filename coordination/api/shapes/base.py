"""What all shapes share: no unknown field, no guessing of types, text that both databases can keep."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from coordination.lifecycle import DependencyKind, Gate, LeaseMode, ReviewPolicy, Tier

LONGEST_TEXT = 1_000_000  # characters


class Asked(BaseModel):
    """What a request says."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Told(BaseModel):
    """What an answer says."""

    model_config = ConfigDict(extra="forbid")


def asks(example: dict[str, Any]) -> ConfigDict:
    """Return the configuration of a request's shape, with the example that the API's page shows."""
    return ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [example]})


class Nothing(Asked):
    """A body that has nothing to say: leave it out, or send {}."""

    model_config = asks({})


def _written_as_text(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError("write the time as text, such as 2026-03-01T09:30:00Z")
    return value


def near(value: datetime) -> datetime:
    if not 1970 <= value.year <= 2999:
        raise ValueError("the year must be between 1970 and 2999")
    return value


Moment = Annotated[AwareDatetime, Strict(False), BeforeValidator(_written_as_text), AfterValidator(near)]
Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Word = Annotated[str, Field(min_length=1, max_length=60)]
Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Priority = Annotated[int, Field(ge=0, le=100)]
Seconds = Annotated[int, Field(ge=1, le=366 * 24 * 3600)]
Commit = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]

# JSON knows only text, so these words are read leniently; what is no member is still refused.
TierWord = Annotated[Tier, Strict(False)]
GateWord = Annotated[Gate, Strict(False)]
ColumnWord = Literal["waiting", "queued", "progress", "needs", "done", "failed"]  # BoardColumn; a key of JSON is plain text
OnChangeWord = Literal["", "continue", "reread", "stop"]
ReviewWord = Annotated[ReviewPolicy, Strict(False)]
LeaseWord = Annotated[LeaseMode, Strict(False)]
DependencyWord = Annotated[DependencyKind, Strict(False)]
