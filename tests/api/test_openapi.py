"""The OpenAPI document: a snapshot that is renewed on purpose, complete, and true: no answer that it does not declare."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from api import answers
from api.problems import TYPES
from api.routes.listed import ROUTES, Route
from tests.api.asker import Asker

SNAPSHOT = Path(__file__).with_name("openapi.json")
RENEW = "RENEW_SNAPSHOTS=1 python -m pytest tests/api/test_openapi.py -k snapshot, and read the difference"
GET = [r for r in ROUTES if r.method == "GET"]
GOOD: dict[str, list[str]] = {
    "ref": ["fictional-one", "nobody", "a/b"], "action": ["train", "external_deploy", "fly"],
    "index": ["0", "3", "71", "99999"], "level": ["0", "1", "63", "0"], "path": ["000", "000.p/5", "x001/000", "000.p/72"],
    "which": ["85", "56", "9" * 64, "3"], "event_id": ["00000000-0000-7000-8000-000000000000"], "at": ["1", "33", "72", "2030-01-01T00:00:00.000000Z"],
    "limit": ["1", "50", "200"], "after": ["-1", "5", "model/a", "0-5"], "type": ["decision.made"], "for": ["reads", "writes"],
    "from": ["33"], "bundle_id": ["ab" * 16, "AB", "0" * 31], "before": ["0", "5"],
    "stream": ["ledger"], "artifact": ["00" * 32], "fact": ["ratio=0.5"], "surface": ["api"], "audience": ["general"],
}  # fmt: skip
ODD = st.one_of(
    st.text(max_size=30), st.sampled_from(["", "-1", "0", "1e9", "NaN", "\x00", "../..", "'", "9" * 30, "a" * 300])
)


def plain(path: str) -> str:
    return path.replace(":path}", "}")


def test_snapshot(story: Asker) -> None:
    text = json.dumps(story.ask("/openapi.json").json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("RENEW_SNAPSHOTS") == "1":
        SNAPSHOT.write_text(text)
    assert SNAPSHOT.read_text() == text, f"the interface has changed: {RENEW}"


def test_it_is_complete(story: Asker) -> None:
    document = story.state.document
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert described == {(plain(r.path), r.method.lower()) for r in ROUTES} | {("/v1/entries", "post")}
    names = [op["operationId"] for methods in document["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in document["components"]["schemas"], name
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["description"]
            assert all(said["description"] for said in operation["responses"].values())


def test_every_problem_that_the_door_can_answer_is_declared_somewhere(story: Asker) -> None:
    declared = set(re.findall(r"`([a-z0-9-]+)`", json.dumps(story.state.document)))
    around = {"method", "not-http", "slow-header"}
    assert set(TYPES) - declared - around == set()


def model_of(route: Route, status: int) -> type[BaseModel] | None:
    if status >= 400:
        return route.also.get(status)
    return route.answer


def hold_to_it(story: Asker, route: Route, url: str) -> int:
    """The answer is one that the document declares: status, media type, shape."""
    answer = story.ask(url)
    declared: dict[str, Any] = story.state.document["paths"][plain(route.path)]["get"]["responses"]
    status, kind = str(answer.status_code), answer.headers.get("content-type", "").split(";")[0]
    assert status in declared, (url, answer.text[:200])
    assert kind in declared[status]["content"], (url, status, kind)
    if kind == "application/problem+json":
        problem = answers.Problem.model_validate_json(answer.content)
        assert problem.status == answer.status_code
        assert f"`{problem.reason}`" in declared[status]["description"], (url, problem.reason)
    elif kind == "application/json" and (model := model_of(route, answer.status_code)) is not None:
        model.model_validate_json(answer.content)
    return int(answer.status_code)


@pytest.mark.parametrize("route", GET, ids=lambda r: r.path)
def test_plain_questions_are_answered_as_declared(story: Asker, route: Route) -> None:
    statuses = set()
    for n in range(4):
        path = re.sub(r"\{(\w+)(?::path)?\}", lambda m, n=n: GOOD[m.group(1)][n % len(GOOD[m.group(1)])], route.path)
        statuses.add(hold_to_it(story, route, path))
        for name in route.parameters:
            for value in GOOD.get(name, ["x"]):
                statuses.add(hold_to_it(story, route, f"{path}?{name}={value}"))
    absent = (
        "/v1/incidents/",
        "/log/checkpoint.bridge",
        "/log/checkpoint.witnessed",
        "/v1/disclosures/",
    )  # the story has none of them: tests of their own show the good answer
    assert 200 in statuses or "{event_id}" in route.path or route.path.startswith(absent)


@pytest.mark.parametrize("route", GET, ids=lambda r: r.path)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_attack_odd_questions_are_answered_as_declared(story: Asker, route: Route, data: st.DataObject) -> None:
    def value(name: str) -> str:
        return data.draw(st.one_of(st.sampled_from(GOOD.get(name, ["x"])), ODD), name)

    def escaped(text: str) -> str:
        return "".join(c if c.isascii() and c.isalnum() else "".join(f"%{b:02x}" for b in c.encode()) for c in text)

    filled = {name: value(name) for name in re.findall(r"\{(\w+)", route.path)}
    path = re.sub(r"\{(\w+)(?::path)?\}", lambda m: escaped(filled[m.group(1)]) or "x", route.path)
    asked = data.draw(st.lists(st.sampled_from([*route.parameters, "strange"]), max_size=3))
    query = "&".join(f"{name}={escaped(value(name))}" for name in asked)
    answer = story.ask(f"{path}?{query}")
    found = next((r for r in GET if r.pattern.match(answer.request.url.path)), None)
    if found is not None:
        assert hold_to_it(story, found, f"{path}?{query}") < 500
    else:
        assert (answer.status_code, answer.json()["reason"]) == (404, "not-found")
