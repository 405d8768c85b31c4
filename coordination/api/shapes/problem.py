from pydantic import BaseModel, ConfigDict


class FieldError(BaseModel):
    field: str
    message: str


class Problem(BaseModel):
    """Every refusal (RFC 9457). `code` is stable; `retryable` says whether the same request may succeed later."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldError]
    retryable: bool
