"""Every error has one shape and the right status, whatever raised it."""

import orjson
import pytest
from django.core.exceptions import SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory

from coordination import errors
from coordination.api.problems import problem_of
from coordination.api.shapes.problem import Problem


def kinds(kind: type[errors.MusterError]) -> list[type[errors.MusterError]]:
    return [each for direct in kind.__subclasses__() for each in [direct, *kinds(direct)]]


@pytest.mark.parametrize("kind", kinds(errors.MusterError), ids=lambda kind: kind.__name__)
def test_every_refusal_of_the_tree_is_a_problem(kind: type[errors.MusterError]) -> None:
    answer = problem_of(RequestFactory().get("/api/v1/x"), kind("Do this instead.", field="name", reason="so"))
    told = orjson.loads(answer.content)
    assert Problem.model_validate(told)
    assert (answer.status_code, told["status"], told["code"], told["detail"]) == (kind.status, kind.status, kind.code, "Do this instead.")
    assert (told["instance"], told["reason"], told["retryable"]) == ("/api/v1/x", "so", kind.retryable)
    assert told["errors"] == [{"field": "name", "message": "Do this instead."}]
    assert answer.headers["Content-Type"] == "application/problem+json"
    if kind.status in (429, 503):
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("server closed the connection"), 503, "unavailable"),
        (InterfaceError("connection already closed"), 503, "unavailable"),
        (DataError("integer out of range"), 422, "invalid"),
        (Http404(), 404, "not_found"),
        (SuspiciousOperation(), 400, "malformed"),
        (ZeroDivisionError("a secret"), 500, "internal_error"),
    ],
)
def test_what_others_raise_is_a_problem_without_their_words(error: Exception, status: int, code: str) -> None:
    answer = problem_of(RequestFactory().get("/api/v1/x"), error)
    told = orjson.loads(answer.content)
    assert (answer.status_code, told["code"]) == (status, code)
    assert str(error) not in told["detail"] or not str(error)
    assert ("Retry-After" in answer.headers) == (status == 503)
