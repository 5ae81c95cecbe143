"""The OpenAPI document: the framework's parameters, and answers and problems from the list of routes; the write route by hand."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from api import answers
from api.problems import MEDIA_TYPE, TYPES
from api.routes.listed import PUBLIC, ROUTES, SIGNED, Route

REF: Final = "#/components/schemas/{model}"
JSON, NDJSON = "application/json", "application/x-ndjson"
ABOUT: Final = """Bodies of `POST /v1/entries` are the evidence: bytes that the signature covers, read strictly.

Every error is RFC 9457 problem+json with a stable `reason`. Every answer names the position that it is bound to in
`Ledger-Checkpoint: size=…, root=:base64:`. A path that does not know a method answers 405 `method`; one that is not here 404."""
NOT_WRITES: Final = frozenset(
    {"at-before-start", "at-beyond-head", "at-in-future", "at-inside-group", "fact-form", "tile-path", "index-beyond-head",
     "token-missing", "not-found", "method", "not-acceptable", "not-http", "slow-header", "absent-exists", "bundle-building",
     "bundle-changed", "since-beyond", *(code for code in TYPES if code.startswith(("profile-", "request-form")))}
)  # fmt: skip
"""Only reads, disclosures, or the connection before any route, answer these; a submission may meet every other one."""
ENVELOPE: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A DSSE envelope (spec/envelope.md).",
    "required": ["payload", "payloadType", "signatures"],
    "additionalProperties": False,
    "properties": {
        "payload": {"type": "string", "contentEncoding": "base64"},
        "payloadType": {"const": "application/vnd.in-toto+json"},
        "signatures": {
            "type": "array",
            "minItems": 1,
            "maxItems": 16,
            "items": {
                "type": "object",
                "required": ["keyid", "sig"],
                "additionalProperties": False,
                "properties": {
                    "keyid": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                    "sig": {"type": "string", "contentEncoding": "base64"},
                },
            },
        },
    },
}
SUBMISSION: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An envelope with the field disclosures of its statement: checked, and kept encrypted beside the entry.",
    "required": ["envelope"],
    "additionalProperties": False,
    "properties": {
        "envelope": {"$ref": "#/components/schemas/Envelope"},
        "disclosures": {"type": "array", "items": {"type": "string", "contentEncoding": "base64url"}},
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole document."""
    document = get_openapi(
        title="Holdpoint", version="1", description=ABOUT, routes=app.routes, openapi_version="3.1.0"
    )
    for route in ROUTES:
        operation = document["paths"][_plain(route.path)][route.method.lower()]
        operation["responses"] = _responses(route)
        operation["operationId"] = operation["summary"] = route.operation
        operation["security"] = [] if route.guard == PUBLIC else [{"token": [route.guard]}]
        if route.body is not None:
            operation["requestBody"] = {"required": True, "content": {JSON: {"schema": route.body}}}
    document["paths"]["/v1/entries"]["post"] = _write_operation()
    described = {m for r in ROUTES for m in (r.answer, *r.also.values()) if m is not None}
    described |= {answers.Problem, answers.Appended}
    _, schemas = models_json_schema(
        [(m, "serialization") for m in sorted(described, key=lambda m: m.__name__)], ref_template=REF
    )
    token = {"type": "http", "scheme": "bearer", "description": "holdpoint token issue; scopes as listed per route."}
    document["components"] = {
        "schemas": {**schemas["$defs"], "Envelope": ENVELOPE, "Submission": SUBMISSION},
        "securitySchemes": {"token": token},
    }
    return document


def _plain(path: str) -> str:
    return path.replace(":path}", "}")


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _responses(route: Route) -> dict[str, Any]:
    """200, 304 where answers are tagged, and the problems by status."""
    content: dict[str, Any] = {form: {"schema": {"type": "string"}} for form in route.forms}
    if route.answer is not None:
        content = {JSON: {"schema": _schema(route.answer.__name__)}, **content}
    done = ("200", "Answered.") if route.method == "GET" else ("201", "Made.")
    found: dict[str, Any] = {done[0]: {"description": done[1], "content": content}}
    if route.tagged:
        found["304"] = {"description": "Nothing has changed: the ETag is the same."}
    found |= _problems(route.all_problems)
    for status, model in route.also.items():
        said = found.setdefault(str(status), {"description": "See the body.", "content": {}})
        said["content"] = {JSON: {"schema": _schema(model.__name__)}, **said["content"]}
    return dict(sorted(found.items()))


def _problems(codes: tuple[str, ...]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for code in sorted(set(codes) & set(TYPES)):
        by_status.setdefault(TYPES[code].status, []).append(code)
    return {
        str(status): {"description": ", ".join(f"`{c}`" for c in found), "content": {MEDIA_TYPE: {"schema": _schema("Problem")}}}
        for status, found in by_status.items()
    }  # fmt: skip


def _write_operation() -> dict[str, Any]:
    appended: dict[str, Any] = {JSON: {"schema": _schema("Appended")}}
    lines: dict[str, Any] = {
        NDJSON: {"schema": {"type": "string", "description": "A receipt or a problem per line, in order."}}
    }
    return {
        "summary": "post_entries",
        "operationId": "post_entries",
        "description": "Append one envelope, or NDJSON of up to 500, answered in order. Guarded by the signatures. The same "
        "statement again is 200 with the first receipt and `Idempotent-Replay: true`.",
        "security": [],
        "parameters": [
            {"name": "atomic", "in": "query", "schema": {"enum": ["true", "false"], "default": "false"},
             "description": "NDJSON: all or none."},
            {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"},
             "description": "If sent, the event id of the statement; refused for a batch."},
        ],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"anyOf": [_schema("Envelope"), _schema("Submission")]}},
                NDJSON: {"schema": {"type": "string", "description": "1 to 500 lines, each as in application/json."}},
            },
        },
        "responses": dict(sorted({
            "200": {"description": "Appended before, or a batch.", "content": {**appended, **lines}},
            "201": {"description": "Appended: durable, in the signed tree.", "content": appended},
            **_problems(tuple(set(TYPES) - NOT_WRITES)),
        }.items())),
        "x-guard": SIGNED,
    }  # fmt: skip
