"""A failure carries the bytes that show it."""

import base64

from auditor.bundle import verify_bundle
from auditor.explain import report_text
from auditor.verdict import Report
from auditor.verify import verify_export
from ledger.entry import leaf_hash
from ledger.events import model
from tests.disclosures.forger import honest
from tests.simulator import Lab


def failing(report: Report) -> dict[str, str]:
    return dict(next(c for c in report.checks if c.verdict is report.verdict).shown)


def lab() -> Lab:
    made = Lab()
    made.say(model.Registered, {"kind": "base"}, "model/a", "assessor", subject="ab" * 32)
    return made


def test_an_entry_that_is_not_admitted() -> None:
    forged = lab()
    raw = forged.slip(forged.write(model.ComputeReached, {"of": "model/a", "ratio": "2"}, "model/a", "assessor").wire())
    report = forged.verify()
    assert failing(report) == {"entry_base64": base64.b64encode(raw).decode(), "leaf_hash": leaf_hash(raw).hex()}
    assert leaf_hash(raw).hex() in report_text(report)
    assert report.to_json()["details"][0]["shown"]["leaf_hash"] == leaf_hash(raw).hex()


def test_an_entry_that_is_not_the_one_in_the_tree() -> None:
    files = lab().export()
    name = next(n for n in files if n.startswith("tile/entries"))
    at = files[name].rindex(b'"version"')
    bent = files[name][:at] + b'"versjon"' + files[name][at + 9 :]
    shown = failing(verify_export({**files, name: bent}.get))
    assert {"entry_base64", "leaf_hash", "tile_hash"} == set(shown)
    assert shown["leaf_hash"] != shown["tile_hash"]
    assert b"versjon" in base64.b64decode(shown["entry_base64"])


def test_roots_are_told_both() -> None:
    honest, other = lab(), Lab(name="")
    other.say(model.Registered, {"kind": "base"}, "model/b", "assessor", subject="cd" * 32)
    shown = failing(honest.verify(other.pin()))
    assert set(shown) == {"computed_root", "pinned_root"}
    assert shown["pinned_root"] == other.pin().checkpoint.root.hex()


def test_what_holds_shows_nothing() -> None:
    assert all(not c.shown for c in lab().verify().checks)


def test_an_entry_of_a_bundle() -> None:
    made = honest()
    report = verify_bundle(made.files(lambda f: f.update({"data/events/3.json": f["data/events/4.json"]})))
    assert failing(report)["entry_base64"] == base64.b64encode(made.lab.entries[4]).decode()
    assert failing(report)["leaf_hash"] == leaf_hash(made.lab.entries[4]).hex()
    gone = verify_bundle(made.files(lambda f: [f.pop("data/events/3.json"), f.pop("data/proofs/3.tlog-proof")]))
    assert gone.exit_code == 4
    assert "entry_base64" not in failing(gone)
