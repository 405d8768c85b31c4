"""Holds every answer of every test to the shape that the API's description promises for it."""

import functools
import re
from typing import Any

from pydantic import TypeAdapter

from coordination.api.service import api
from coordination.api.shapes.problem import Problem
from coordination.api.urls import V1


@functools.cache
def _operations() -> list[tuple[re.Pattern[str], set[str], dict[Any, Any]]]:
    found = []
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            pattern = re.sub(r"\{path:[^}]+\}", ".+", path)
            pattern = re.sub(r"\{int:[^}]+\}", r"\\d+", pattern)
            pattern = re.sub(r"\{[^}]+\}", "[^/]+", pattern)
            found += [(re.compile(f"/{V1.rstrip('/')}{pattern}"), set(each.methods), each.response_models) for each in view.operations]
    return found


def check_shape(method: str, path: str, answer: Any) -> None:
    kind = answer.headers.get("Content-Type", "")
    if answer.status >= 400:
        assert kind == "application/problem+json", answer
        problem = Problem.model_validate(answer.json)
        assert problem.status == answer.status
        assert problem.detail.strip()
        assert answer.status < 500 or problem.code != "internal_error", answer
        return
    if kind != "application/json" or answer.status == 304:
        return
    for pattern, methods, models in _operations():
        if method in methods and pattern.fullmatch(path.partition("?")[0]):
            model = models[answer.status]
            if hasattr(model, "model_fields"):
                TypeAdapter(model.model_fields["response"].annotation).validate_json(answer.content)
            return
