"""The API for other programs, under /api/v1: a face like the others, which only reads and calls workflows.

`calls` is what every call goes through, `schemas` what goes in and out; `reading` and `writing` are the calls,
`specification` the OpenAPI document of them. There are no cookies here, so nothing needs a CSRF token.
"""

from flask import Flask, Response

from api import calls, problems, reading, specification, writing
from api.calls import PREFIX
from foundation.extensions import csrf
from workflows import api_tokens

__all__ = ["install", "is_here", "problem", "reading", "specification", "writing"]


def install(app: Flask) -> None:
    """Open the addresses; the guard lets them pass (`sign_in.guard.OPEN`), for each asks for its token itself."""
    csrf.exempt(calls.calls)
    app.register_blueprint(calls.calls)


def is_here(path: str) -> bool:
    """Is this one of the API's addresses, also one that leads nowhere?"""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def problem(status: int, detail: str | None = None) -> Response:
    """The problem document for what went wrong outside of a call; while the API is off all is 404.

    From 500 on nothing is asked: the database may be what is away.
    """
    if status < 500 and not api_tokens.is_on():
        return problems.answer(404)
    return problems.answer(status, detail)
