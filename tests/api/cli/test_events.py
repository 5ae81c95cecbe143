"""`event new` and `event post` know every type of the registry, and refuse a body that is not of its form."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.entry import leaf_hash
from ledger.registry import BODIES, BY_NAME
from ledger.statement import parse_statement
from tests.commands import Cli
from tests.vectors.told import unsealed

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "events"
WRITTEN = sorted(b.event.name for b in BODIES if not b.event.derived and b.event.name != "ledger.founded")
STREAMS = {"ledger": "ledger", "framework": "framework/fictional-act-1"}


def golden(name: str) -> dict[str, Any]:
    """The body of the golden file, all of it in the open."""
    vector = json.loads((VECTORS / f"{name}.json").read_text())
    return {k: v for k, v in unsealed(vector["body"]).items() if v != [] or k in _required(name)}


def write(cli: Cli, name: str, body: dict[str, Any], out: Path, *options: object) -> Any:
    kind = BY_NAME[name].event
    stream = STREAMS.get(kind.stream, f"{kind.stream}/one")
    return cli(
        "event", "new", f"{name}={json.dumps(body)}", "--stream", stream, "--signer", "attester", "--out", out, *options
    )


@pytest.mark.parametrize("name", WRITTEN)
def test_every_type_is_written_and_only_in_its_own_form(cli: Cli, name: str, tmp_path: Path) -> None:
    body, out = golden(name), tmp_path / "statement.json"
    done = write(cli, name, body, out)
    assert done.code == 0, done.err
    assert parse_statement(out.read_bytes(), BY_NAME[name]).predicate.body.event.name == name
    required = next(iter(sorted(k for k in body if k in _required(name))))
    for wrong in ({**body, "reporter": "x"}, {k: v for k, v in body.items() if k != required}, {**body, required: 1.5}):
        refused = write(cli, name, wrong, tmp_path / "wrong.json")
        assert refused.code == 2
        assert "schema" in refused.err or "number" in refused.err, refused.err
        assert not (tmp_path / "wrong.json").exists()


def _required(name: str) -> set[str]:
    return {f.encode_name for f in msgspec.structs.fields(BY_NAME[name]) if f.required}


def test_who_revises_names_what_stands(cli: Cli) -> None:
    seen = {
        "first_at": "2026-01-05T10:00:00.000000Z",
        "jurisdictions": [],
        "kind": "misuse",
        "models": ["model/one"],
        "surfaces": [],
    }

    def post(name: str, body: dict[str, Any], *options: object) -> Any:
        words = (f"{name}={json.dumps(body)}", "--stream", "incident/9", "--as", "responder", "--json", *options)
        return json.loads(cli("event", "post", *words).out)

    observed = post("incident.observed", {**seen, "summary": "what happened is nobody's business yet"})
    assert observed["code"] == "recorded", observed
    listed = cli.ok("event", "show", observed["index"]).out
    assert "nobody's business" not in listed, "a summary is withheld unless its author says otherwise"
    entry = json.loads(cli.ok("event", "show", observed["index"], "--json").out)["entry"]
    named = {"index": observed["index"], "leaf": leaf_hash(entry.encode()).hex()}
    ((digest, _),) = [(k, v) for k, v in cli.ledger.appender.state.scan("published")]
    judged = {"framework": digest, "imminent": False, "incident": named, "reason": "not of that kind"}
    first = post("incident.classified", judged)
    assert first["code"] == "recorded", first
    assert post("incident.classified", judged)["code"] == "revision-unsaid"
    assert post("incident.classified", judged, "--cause", first["index"])["code"] == "recorded"
