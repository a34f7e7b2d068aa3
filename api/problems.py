"""Errors of the API as problem documents (RFC 9457): a stable code, a sentence, and the fields that are wrong."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, g
from pydantic import BaseModel, ConfigDict

TYPE = "application/problem+json"
TITLES = {
    400: "Bad request",
    401: "No valid token",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


class FieldError(BaseModel):
    """A field that is wrong, and why."""

    field: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable, `detail` a sentence for people."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    errors: list[FieldError] = []
    conflicts: list[str] = []
    """What stands against a visit; hand the tokens back in `accept` to do it anyway."""


class ApiProblem(Exception):
    """Raised by a view: the answer is this problem, and nothing is changed."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,  # noqa: ANN401 -- members of the document
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.more = list(errors), dict(headers or {}), more

    def answer(self) -> Response:
        """The document."""
        more = {**({"errors": self.errors} if self.errors else {}), **self.more}
        response = answer(self.status, self.detail, code=self.code, **more)
        response.headers.update(self.headers)
        return response


def answer(status: int, detail: str | None = None, *, code: str | None = None, **more: Any) -> Response:  # noqa: ANN401
    """A problem document with its status; never kept by anybody."""
    title = TITLES.get(status, "Error")
    document = {
        "type": "about:blank", "title": title, "status": status, "code": code or title.lower().replace(" ", "_"),
        "detail": detail or title, "request_id": g.get("request_id", ""), **more,
    }  # fmt: skip
    response = Response(json.dumps(document, ensure_ascii=False), status, mimetype=TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
