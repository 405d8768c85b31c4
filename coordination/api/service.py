"""The API itself: its name, its reader of bodies, its one handler of errors, and the description that OpenAPI gives of it."""

import functools
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.datastructures import MultiValueDict
from ninja import NinjaAPI
from ninja.operation import Operation
from ninja.parser import Parser

from coordination.api import bodies
from coordination.api.problems import problem_of
from coordination.api.shapes.problem import Problem
from coordination.errors import Invalid

DESCRIPTION = """\
Plan, claim, run and finish tasks. Every request carries a key, `Authorization: Bearer mst_...` or `X-API-Key: mst_...`;
cookies are not looked at. Times are UTC, lengths of time are seconds, priorities run from 0 (most urgent) to 100.

**Lists** answer `{items, next_cursor}` and a `Link` header; send the cursor back as `cursor`.
**Refusals** are RFC 9457 problems with a stable `code`; [all codes](/api/problems).
**Repeats**: send an `Idempotency-Key` with any POST, and repeating it within 24 hours has no second effect.
**Polling**: send the `ETag` back as `If-None-Match` for a 304, and as `If-Match` with an edit so that it is refused (412)
when somebody else was faster.
"""


class StrictParser(Parser):
    """Reads bodies as `bodies.parse` does, and queries without dropping what is there twice."""

    def parse_body(self, request: HttpRequest) -> Any:
        return bodies.parse(request.body)

    def parse_querydict(self, data: "MultiValueDict[str, Any]", list_fields: list[str], request: HttpRequest) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, given in data.lists():
            if name in list_fields:
                values[name] = given
            elif len(given) > 1:
                raise Invalid(f"{name[:60]!r} is there twice; send it once.", field=name[:60])
            else:
                values[name] = given[0]
        return values


class Api(NinjaAPI):
    """Describes itself with what every operation has in common: problems, keys and repeats."""

    def get_openapi_schema(self, **options: Any) -> Any:
        schema = super().get_openapi_schema(**options)
        components = schema.setdefault("components", {})
        shape = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components.setdefault("schemas", {}).update(shape.pop("$defs", {}) | {"Problem": shape})
        components["securitySchemes"] = {
            "Bearer": {"type": "http", "scheme": "bearer", "description": "A key, mst_..."},
            "X-API-Key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        schema["security"] = [{"Bearer": []}, {"X-API-Key": []}]
        for methods in schema["paths"].values():
            for method, operation in methods.items():
                _complete(method, operation)
        return schema


REFUSED = {"description": "Refused", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
REPEATS = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Repeating the request with the same key has no second effect.",
}


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Add the refusals; ninja keeps one description for all methods of a function, so this must bear being done twice."""
    operation["responses"] = {**operation["responses"], "4XX": REFUSED, "5XX": REFUSED}
    parameters = operation.setdefault("parameters", [])
    if method == "post" and REPEATS not in parameters:
        parameters.append(REPEATS)


def _straight(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Call the operation with what the request says, and with nothing around it: the door checks keys and tells of errors, and
    every operation answers with a response of its own.

    Query parameters that the operation does not have are refused: a misspelt filter must not answer with everything.
    """
    operation: Operation = run.__self__  # type: ignore[attr-defined]  # ninja hands over the operation's bound method
    known = {
        name
        for model in operation.models
        if model.__ninja_param_source__ == "query"
        for name in getattr(model, "__ninja_flatten_map__", {})
    }
    unused = HttpResponse()  # ninja would let an operation write headers on it

    @functools.wraps(run)
    def answered(request: HttpRequest, **in_path: Any) -> HttpResponseBase:
        for name in request.GET if request.META.get("QUERY_STRING") else ():
            if name not in known:
                choice = f"; it takes {', '.join(sorted(known))}" if known else ""
                raise Invalid(f"There is no parameter {name[:60]!r} here{choice}.", field=name[:60])
        response: HttpResponseBase = operation.view_func(request, **operation._get_values(request, in_path, unused))
        return response

    return answered


def _told(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    return problem_of(request, error if isinstance(error, Exception) else error())


api = Api(
    title="Muster",
    version=settings.VERSION,
    description=DESCRIPTION,
    urls_namespace="api-v1",
    docs_url=None,
    openapi_url=None,
    parser=StrictParser(),
    throttle=[],
)
api.add_decorator(_straight, mode="view")
for _kind in (Exception, *api._exception_handlers):
    api.add_exception_handler(_kind, _told)
