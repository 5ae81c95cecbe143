"""A COSE receipt under the reader's keys: what it proves, and the difference between unproven and disproven."""

import json
from pathlib import Path
from typing import Any

import cbor2
import pytest

from auditor.cose_proof import check_cose, is_cose
from auditor.verdict import VerifyVerdict as V
from tests.commands import run
from tests.disclosures.given import public_pem
from tests.disclosures.test_cose_receipt import bent, minted
from tests.simulator import signer

BY, OTHER = signer("cose"), signer("another", "ecdsa-p256-sha256")
KEYS = [(OTHER.spki, OTHER.alg), (BY.spki, BY.alg)]


def test_under_a_key_of_the_reader() -> None:
    raw, entry = minted(4, 7, BY)
    assert is_cose(raw)
    found, (check,) = check_cose(raw, KEYS, entry)
    assert found is not None
    assert (check.verdict, check.index, found.size) == (V.VALID_UNWITNESSED, 4, 7)


def unnamed(raw: bytes) -> bytes:
    """The receipt as of a signer that names no key."""
    protected = cbor2.loads(cbor2.loads(raw).value[0])
    return bent(raw, protected=cbor2.dumps({k: v for k, v in protected.items() if k != 4}))


CASES: list[tuple[Any, list[Any], bytes | None, V, str]] = [
    (lambda r: r, KEYS, None, V.INCOMPLETE, "entry-missing"),
    (lambda r: r, [], b"", V.UNANCHORED, "cose-unsigned"),
    (lambda r: r, KEYS[:1], b"", V.UNANCHORED, "cose-unsigned"),
    (lambda r: r, KEYS, b"another entry", V.INVALID, "cose-signature"),
    (unnamed, KEYS, b"", V.UNANCHORED, "cose-unsigned"),
    (lambda r: r[:-1], KEYS, b"", V.INVALID, "cose-form"),
    (lambda r: r + b"\0", KEYS, b"", V.INVALID, "cose-form"),
    (lambda r: r[:-1] + bytes([r[-1] ^ 1]), KEYS, b"", V.INVALID, "cose-signature"),
]


@pytest.mark.parametrize(("change", "keys", "entry", "verdict", "code"), CASES)
def test_otherwise(change: Any, keys: list[Any], entry: bytes | None, verdict: V, code: str) -> None:
    raw, own = minted(4, 7, BY)
    found, (check,) = check_cose(change(raw), keys, own if entry == b"" else entry)
    assert found is None
    assert (check.verdict, check.code) == (verdict, code)


def test_as_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    raw, entry = minted(4, 7, BY)
    Path("r.cose").write_bytes(raw)
    Path("entry.json").write_bytes(entry)
    Path("by.pem").write_bytes(public_pem(BY))
    Path("other.pem").write_bytes(public_pem(OTHER))
    Path("quantum.pem").write_bytes(public_pem(signer("q", "ml-dsa-65")))
    words = ("verify-proof", "r.cose", "--entry", "entry.json", "--json")
    assert run(*words, "--key", "by.pem") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["verdict"], said["checkpoint"]["size"], said["checkpoint"]["origin"]) == (
        "VALID_UNWITNESSED",
        7,
        "dev/test",
    )
    assert run(*words, "--key", "other.pem") == 5
    assert run(*words) == 5
    assert run(*words, "--key", "entry.json") == 2
    assert run(*words, "--key", "quantum.pem") == 2
    Path("entry.json").write_bytes(b"another")
    assert run(*words, "--key", "by.pem") == 4
