"""Every way that a command or a call can go wrong, by name.

TqcError
├── UsageError                 the command or the call has a mistake
├── NotConfigured              no address or no key is known
├── NoLease                    this machine holds no lease on the task
├── MissingExtra               an optional part is not installed
├── ServerAway                 no answer: refused, cut, too slow
└── Problem                    the server answered with a refusal
    ├── NotFound  Unauthenticated  Forbidden  Invalid  TooMany  Unavailable
    └── Conflict
        ├── LeaseLost          the task is not yours any more: stop, and never repeat the request
        └── HeldByAnother  WrongState  StaleVersion  NotClaimable

Each carries the exit code of the command line and, where there is one, the next command to run.
"""

from collections.abc import Mapping
from typing import Any

OK, FAILED, USAGE, NOTHING, CONFLICT, AUTH, BUSY, AWAY, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 69, 130

EXIT_CODES = {
    OK: "done",
    FAILED: "failed for a reason that has no code of its own",
    USAGE: "the command line or a value in it has a mistake",
    NOTHING: "nothing to claim, or nothing found",
    CONFLICT: "somebody else was first, the lease is lost, or the thing does not exist",
    AUTH: "no key, a wrong key, or a key that may not do this",
    BUSY: "too many requests; try again later",
    AWAY: "the server does not answer",
    INTERRUPTED: "interrupted by Ctrl-C",
}


class TqcError(Exception):
    """A sentence for the reader, an exit code for the shell and a hint at the next command."""

    exit_code = FAILED
    code = "error"

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class UsageError(TqcError):
    exit_code, code = USAGE, "usage"


class NotConfigured(TqcError):
    exit_code, code = AUTH, "not_configured"


class NoLease(TqcError):
    exit_code, code = CONFLICT, "no_lease"


class MissingExtra(TqcError):
    exit_code, code = FAILED, "missing_extra"


class ServerAway(TqcError):
    """No answer. Whether the server did what it was asked is unknown; repeating with the same key is safe."""

    exit_code, code = AWAY, "server_away"


class Problem(TqcError):
    """A refusal by the server: RFC 9457 problem+json.

    `status` is HTTP's, `code` the server's stable name, `data` everything else that it said, `retry_after` in seconds.
    """

    def __init__(self, status: int, code: str, sentence: str, *, data: Mapping[str, Any] | None = None, retry_after: float = 0.0) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.data: Mapping[str, Any] = data or {}
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        return bool(self.data.get("retryable"))


class NotFound(Problem):
    exit_code = CONFLICT


class Unauthenticated(Problem):
    exit_code = AUTH


class Forbidden(Problem):
    exit_code = AUTH


class Invalid(Problem):
    exit_code = USAGE


class Conflict(Problem):
    exit_code = CONFLICT


class LeaseLost(Conflict):
    """`reason` is expired, reassigned, cancelled or finished."""

    @property
    def reason(self) -> str:
        return str(self.data.get("reason", ""))


class HeldByAnother(Conflict):
    @property
    def holder(self) -> str:
        return str(self.data.get("holder", ""))


class WrongState(Conflict):
    pass


class StaleVersion(Conflict):
    pass


class NotClaimable(Conflict):
    pass


class TooMany(Problem):
    exit_code = BUSY


class Unavailable(Problem):
    exit_code = AWAY


BY_CODE: dict[str, type[Problem]] = {
    "lease_lost": LeaseLost,
    "held_by_another": HeldByAnother,
    "wrong_state": WrongState,
    "stale_version": StaleVersion,
    "not_claimable": NotClaimable,
}
BY_STATUS: dict[int, type[Problem]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    412: StaleVersion,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    428: Invalid,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    507: Unavailable,
}


def problem_of(status: int, document: Mapping[str, Any], *, retry_after: float = 0.0) -> Problem:
    """Return the error that tells of this answer, under the most exact name that fits."""
    code = str(document.get("code") or f"http_{status}")
    sentence = str(document.get("detail") or document.get("title") or f"The server answered with status {status}.")
    kind = BY_CODE.get(code) or BY_STATUS.get(status) or Problem
    return kind(status, code, sentence, data=document, retry_after=retry_after)
