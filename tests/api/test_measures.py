"""Metrics: every one exists and moves, and no label grows with what strangers send."""

import json
import re
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.measures import METRICS, PREFIX, Measures
from api.problems import TYPES
from api.routes.health import first_attestation_end
from api.session import Session
from api.sparing import Sparingly
from api.wiring import View
from ledger.events import body, model
from ledger.strict import shift
from projections.questions import QUESTIONS
from tests.api.asker import Asker

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}


def read(asker: Asker) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = asker.ask("/metrics").text
    return {
        (s.name.removeprefix(PREFIX), frozenset(s.labels.items())): s.value
        for family in text_string_to_metric_families(text)
        for s in family.samples
        if not s.name.endswith("_created")
    }


def total(asker: Asker, name: str, **labels: str) -> float:
    wanted = set(labels.items())
    return sum(v for (n, found), v in read(asker).items() if n == name and wanted <= set(found))


def registration(asker: Asker, stream: str) -> Any:
    session = Session(asker.ledger)
    return session.write(model.Registered, {"kind": "base"}, stream, session.signers("assessor"), subject="ab" * 32)


def test_every_metric_exists_under_its_name(growing: Asker) -> None:
    asker = growing
    asker.ask("/v1/models/x/gate/train")
    asker.ask("/v1/entries", "POST", content=b"{", headers=JSON)
    asker.ledger.measures.witness("one", "cosigned")
    names = {name for name, _ in read(asker)}
    for name, metric in METRICS.items():
        there = {name} if metric.kind in ("counter", "gauge") else {f"{name}_count", f"{name}_sum", f"{name}_bucket"}
        assert there <= names, name
    text = asker.ask("/metrics").text
    assert all(f"# HELP {PREFIX}{name} {m.help}" in text.replace("\\\\", "\\") for name, m in METRICS.items())


def test_appends_move_what_measures_them(growing: Asker) -> None:
    before = {
        n: total(growing, n) for n in ("append_seconds_count", "signer_seconds_count", "tree_size", "batch_entries_sum")
    }
    written = registration(growing, f"model/measured-{time.time_ns()}")
    assert growing.ask("/v1/entries", "POST", content=written.wire(), headers=JSON).status_code == 201
    after = {n: total(growing, n) for n in before}
    assert {n: after[n] - before[n] for n in before} == {
        "append_seconds_count": 1, "signer_seconds_count": 1, "tree_size": 1, "batch_entries_sum": 1,
    }  # fmt: skip
    assert total(growing, "anchor_lag_entries") == total(growing, "queue_entries") == 0
    assert 0 <= total(growing, "checkpoint_age_seconds") < 60
    assert abs(total(growing, "clock_skew_seconds")) < 5
    assert total(growing, "disk_free_bytes") > 0


def test_projection_lag_is_what_no_projector_has_folded(growing: Asker) -> None:
    """Nobody projects here: each view lags by every entry."""
    before = {p.title: total(growing, "projection_lag_entries", projection=p.title) for p in QUESTIONS}
    assert set(before.values()) == {float(growing.ledger.appender.size)}
    written = registration(growing, f"model/lagging-{time.time_ns()}")
    assert growing.ask("/v1/entries", "POST", content=written.wire(), headers=JSON).status_code == 201
    after = {title: total(growing, "projection_lag_entries", projection=title) for title in before}
    assert after == {title: lag + 1 for title, lag in before.items()}


def test_admissions_are_counted_by_result_and_reason(growing: Asker) -> None:
    def counts() -> dict[tuple[str, str], float]:
        return {
            (dict(labels)["result"], dict(labels)["reason"]): v
            for (name, labels), v in read(growing).items()
            if name == "admissions_total"
        }

    before = counts()
    good = registration(growing, f"model/counted-{time.time_ns()}")
    session = Session(growing.ledger)
    said = {"body": "BOARD", "documents": [], "of": "0" * 64}
    bad = session.write(body.Informed, said, "model/x", session.signers("deployer"))
    lines = b"\n".join([good.wire(), bad.wire(), b"{"])
    growing.ask("/v1/entries", "POST", content=lines, headers=NDJSON)
    growing.ask("/v1/entries", "POST", content=good.wire(), headers=JSON)
    after = counts()
    moved = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}
    assert moved == {
        ("appended", "none"): 1, ("refused", "subject-unknown"): 1, ("malformed", "not-json"): 1, ("replayed", "none"): 1,
    }  # fmt: skip


def test_the_gate_and_requests_are_counted(growing: Asker) -> None:
    before = total(
        growing, "gate_answers_total", clearance="undetermined", verdict="undetermined", reason="no-decision"
    )
    seconds, route = total(growing, "gate_seconds_count"), "/v1/models/{ref:path}/gate/{action}"
    requests = total(growing, "requests_total", route=route, status="200")
    growing.ask("/v1/models/x/gate/train")
    assert total(growing, "gate_answers_total", reason="no-decision") == before + 1
    assert total(growing, "gate_seconds_count") == seconds + 1
    assert total(growing, "requests_total", route=route, status="200") == requests + 1
    assert total(growing, "request_seconds_count", route=route) == total(growing, "requests_total", route=route)


def test_ends_of_keys_and_attestations(story: Asker, growing: Asker) -> None:
    first = min(f.body.valid_until for _, f in story.ledger.appender.state.scan("attested"))
    expected = total(story, "attestation_expiry_seconds")
    assert 0 < expected < 400 * 86_400
    assert (
        shift(story.ledger.now(), seconds=int(expected) - 60)
        < first
        < shift(story.ledger.now(), seconds=int(expected) + 60)
    )
    assert total(growing, "attestation_expiry_seconds") == float("inf")
    assert total(growing, "key_expiry_seconds") == float("inf")


def test_attestations_are_not_looked_through_at_every_scrape(story: Asker) -> None:
    """Looking takes this ledger two seconds: what was found is kept for twenty, however often it is scraped."""
    told, looked = iter([0.0, 2.0, 2.0, 3.0, 21.9, 22.0, 23.0, 23.0]), list[int]()

    def look(view: View) -> str | None:
        looked.append(view.size)
        return first_attestation_end(view)

    asker = Asker(story.ledger)
    asker.state.attested = Sparingly(look, lambda: next(told))
    found = [total(asker, "attestation_expiry_seconds") for _ in range(4)]
    assert len(looked) == 2
    assert max(found) - min(found) < 60


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 422, 500, 503])
def test_attack_labels_do_not_grow_with_what_is_sent(status: int) -> None:
    measures = Measures()
    for n in range(500):
        measures.admission([(status, f"made-up-{n}")])
    samples = [s for f in text_string_to_metric_families(measures.text().decode()) for s in f.samples]
    reasons = {s.labels["reason"] for s in samples if s.name == "holdpoint_admissions_total"}
    assert reasons == {"other"}


def test_attack_paths_and_methods_make_no_labels(growing: Asker) -> None:
    growing.ask("/metrics")
    before = {labels for name, labels in read(growing) if name == "requests_total"}
    for n in range(50):
        growing.ask(f"/nothing-{n}")
        growing.ask(f"/v1/models/m{n}/gate/train")
        growing.ask("/livez", f"VERB{n}")
    after = {labels for name, labels in read(growing) if name == "requests_total"}
    assert len(after) <= len(before) + 4
    assert "nothing-" not in growing.ask("/metrics").text


def test_an_unknown_outcome_is_counted() -> None:
    measures = Measures()
    measures.admission([(TYPES["outcome-unknown"].status, "outcome-unknown")])
    text = measures.text().decode()
    assert re.search(r"^holdpoint_outcome_unknown_total 1\.0$", text, re.MULTILINE)
    assert re.search(
        r'^holdpoint_admissions_total\{reason="outcome-unknown",result="failed"\} 1\.0$', text, re.MULTILINE
    )


def test_build_info(growing: Asker) -> None:
    text = growing.ask("/metrics").text
    assert re.search(r'^holdpoint_build_info\{python="3\.[0-9.]+",version="[0-9.]+"\} 1\.0$', text, re.MULTILINE)
    assert json.loads(growing.ask("/livez").text) == {"alive": True}
