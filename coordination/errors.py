"""Every refusal that Muster can give.

MusterError
├── Malformed                400  not even a request: broken JSON, a key in the address
├── MethodRefused            405
├── MediaRefused             415
├── NotFound                 404  also for what the caller may not see
├── Refused                  403
│   ├── ScopeMissing
│   └── AuthorMayNotReview
├── Unauthenticated          401
├── Invalid                  422
│   ├── CycleRefused
│   ├── LimitExceeded        413
│   └── NameRefused
├── Conflict                 409
│   ├── LeaseLost
│   ├── HeldByAnother
│   ├── WrongState
│   ├── StaleVersion
│   ├── KeyInFlight
│   └── NotClaimable
├── KeyReused                422
├── PreconditionFailed       412
├── TooMany                  429
└── Unavailable              503
    └── StoreFull            507

Each carries a stable `code`, an HTTP `status`, an `exit_code` for the command line and a sentence that says what to do.
"""

from collections.abc import Mapping
from typing import Any


class MusterError(Exception):
    """A refusal with a sentence for the person or agent who caused it."""

    code = "error"
    status = 400
    exit_code = 1
    retryable = False
    title = "The request was refused"

    def __init__(self, sentence: str, *, field: str | None = None, **data: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.data: Mapping[str, Any] = data


class Malformed(MusterError):
    code, status, exit_code, title = "malformed", 400, 2, "This is not a request that can be read"


class MethodRefused(MusterError):
    code, status, exit_code, title = "method_not_allowed", 405, 2, "Not here"


class MediaRefused(MusterError):
    code, status, exit_code, title = "unsupported_media_type", 415, 2, "Only JSON is read here"


class NotFound(MusterError):
    code, status, exit_code, title = "not_found", 404, 4, "Not found"


class Unauthenticated(MusterError):
    code, status, exit_code, title = "unauthenticated", 401, 5, "A key is needed"


class Refused(MusterError):
    code, status, exit_code, title = "forbidden", 403, 5, "Not allowed"


class ScopeMissing(Refused):
    code = "scope_missing"


class AuthorMayNotReview(Refused):
    code = "author_may_not_review"


class Invalid(MusterError):
    code, status, exit_code, title = "invalid", 422, 2, "The request has a mistake"


class CycleRefused(Invalid):
    code = "cycle"


class NameRefused(Invalid):
    code = "name_refused"


class LimitExceeded(Invalid):
    code, status = "limit_exceeded", 413


class KeyReused(Invalid):
    code = "idempotency_key_reused"


class Conflict(MusterError):
    code, status, exit_code, title = "conflict", 409, 4, "Somebody else was first"


class LeaseLost(Conflict):
    """The write came with a lease that is no longer the current one. Never retry it."""

    code = "lease_lost"


class HeldByAnother(Conflict):
    code = "held_by_another"


class WrongState(Conflict):
    code = "wrong_state"


class StaleVersion(Conflict):
    code = "stale_version"


class NotClaimable(Conflict):
    code = "not_claimable"


class KeyInFlight(Conflict):
    code, retryable = "idempotency_in_flight", True


class PreconditionFailed(MusterError):
    code, status, exit_code, title = "precondition_failed", 412, 4, "The thing changed since you read it"


class TooMany(MusterError):
    code, status, exit_code, retryable, title = "too_many", 429, 6, True, "Too many requests"


class Unavailable(MusterError):
    code, status, exit_code, retryable, title = "unavailable", 503, 69, True, "Try again in a moment"


class StoreFull(Unavailable):
    code, status = "store_full", 507
