"""The OpenAPI 3.1 document, made of the calls and schemas themselves."""

import json
import re
from functools import cache
from typing import Any

from flask import Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.calls import CALLS, MOST_A_MINUTE, MOST_KEY, PREFIX, Call, calls
from api.problems import Problem
from api.schemas import ID

_REF = "#/components/schemas/{model}"
_ABOUT = """\
Clients, pets, visits, requests and invoices of this business, for other programs. Make a token in the office under
Your account, Tokens for other programs, and send it as `Authorization: Bearer lk_...`.

**Units.** Money is whole minor units (cents, pence) with an ISO 4217 code. Moments are RFC 3339 with an offset; days and
times of day are the business's own, in its time zone. Quantities and percentages are decimal numbers, written as texts.

**Pages.** A list gives at most `limit` records, in the order in which they were made, and `next_cursor`: send it as
`cursor` with the same filters until it is null. `updated_since` leaves out what did not change.

**Errors.** Every error is a problem document (RFC 9457). Decide by `status` and `code`, which stay; `detail` and
`errors[].message` are for people, in the language of the business. `request_id` finds the call in the server's log.

**Writing.** A write with an `Idempotency-Key` is done once, however often it is sent within a day: after no answer, 429 or 503 send
it again with the same key. `If-Match` with the `version` that you saw refuses to overwrite what somebody changed since.

**Rate.** Each token has a number of calls a minute, counted anew with each full minute; after them 429 with `Retry-After` in seconds.
"""
_MEANS = {
    "400": "The request cannot be read.",
    "401": "No valid token.",
    "403": "The token, or its person, may not do this.",
    "404": "There is nothing here.",
    "409": "The state of things does not allow it; `conflicts` may say what stands against it.",
    "412": "It was changed since the version in If-Match.",
    "413": "The body is too large.",
    "415": "The body is no JSON.",
    "422": "Some fields are not as they must be; `errors` names them.",
    "429": "Too many calls; wait as long as Retry-After says.",
}


@calls.get("/openapi.json", provide_automatic_options=False)
def openapi() -> Response:
    """The document itself holds nothing of anybody, so that it needs no token."""
    document = {**_document(), "servers": [{"url": current_app.config["PUBLIC_URL"].rstrip("/") + PREFIX}]}
    return Response(json.dumps(document, ensure_ascii=False), mimetype="application/json")


@cache
def _document() -> dict[str, Any]:
    listed: dict[tuple[type[BaseModel], Any], None] = {(Problem, "serialization"): None}
    for call in CALLS:
        listed[call.answer, "serialization"] = None
        if call.body is not None:
            listed[call.body, "validation"] = None
    refs, definitions = models_json_schema(list(listed), ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for call in CALLS:
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", call.path)
        paths.setdefault(path, {})[call.method.lower()] = _operation(call, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Latchkey", "version": "1.0.0", "description": _ABOUT.strip()},
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "A personal token, lk_…"}},
        },
        "security": [{"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(c.tag for c in CALLS)],
    }


def _operation(call: Call, refs: Any) -> dict[str, Any]:  # noqa: ANN401 -- as pydantic gives them
    problems = ["401", "403", "429"]
    parameters = [_path_parameter(name) for name in re.findall(r"<public_id:(\w+)>", call.path)]
    if parameters:
        problems.append("404")
    problems.append("422")
    if call.query is not None:
        parameters += _query_parameters(call.query)
    operation: dict[str, Any] = {
        "operationId": call.name, "summary": call.summary, "tags": [call.tag],
        "description": " ".join(part for part in (call.description, f"Scope: {call.scope}.") if part),
    }  # fmt: skip
    if call.method != "GET":
        problems += ["400", "409", "413", "415"]
        parameters.append(
            _header(
                "Idempotency-Key",
                "Your own name for this write. The same key again gives the same answer, for a day; with another body, 422.",
                MOST_KEY,
            )
        )
    if call.versioned:
        problems.append("412")
        parameters.append(
            _header("If-Match", "The `version` that you saw, in quotes; without it nothing is checked.", 40)
        )
    if call.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": refs[call.body, "validation"]}}}  # fmt: skip
    if parameters:
        operation["parameters"] = parameters
    good: dict[str, Any] = {
        "description": "As asked.",
        "content": {"application/json": {"schema": refs[call.answer, "serialization"]}},
    }
    problem = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    operation["responses"] = {
        str(call.status): good,
        **{status: {"description": _MEANS[status], "content": problem} for status in sorted(problems)},
    }
    if call.method != "GET":
        good["headers"] = {"Idempotent-Replayed": {"schema": {"const": "true"}, "description": "It was done by an earlier call with this key."}}  # fmt: skip
    operation["responses"]["429"] = {
        **operation["responses"]["429"],
        "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}},
        "description": f"{_MEANS['429']} {MOST_A_MINUTE} a minute are allowed.",
    }
    return operation


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": ID}}


def _header(name: str, words: str, most: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": most, "pattern": "^[!-~]+$"}
    if name == "If-Match":
        schema = {"type": "string", "pattern": '^"[0-9]{1,9}"$'}
    return {"name": name, "in": "header", "required": False, "description": words, "schema": schema}


def _query_parameters(kind: type[BaseModel]) -> list[dict[str, Any]]:
    schema = kind.model_json_schema(by_alias=True)
    shared = schema.get("$defs", {})
    found = []
    for name, field in schema["properties"].items():
        # A parameter that is not sent is absent, never null.
        one = next(s for s in field.get("anyOf", [field]) if s.get("type") != "null")
        own = {k: v for k, v in one.items() if k not in {"title", "default", "description"}}
        if "$ref" in own:
            own = {k: v for k, v in shared[own["$ref"].rpartition("/")[2]].items() if k not in {"title", "description"}}
        if field.get("default") is not None:
            own["default"] = field["default"]
        words = {"description": field["description"]} if "description" in field else {}
        found.append({"name": name, "in": "query", "required": False, **words, "schema": own})
    return found
