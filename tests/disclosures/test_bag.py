"""Manifests and the signed statement of a bundle: every file hangs on them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclosures.bag import (
    MANIFEST,
    SIGNATURE,
    STATEMENT,
    TAG_MANIFEST,
    Head,
    Predicate,
    bag_files,
    check_bag,
    check_statement,
    seal_bag,
)
from ledger.errors import LedgerError, Malformed, Unverified
from ledger.keys import KeyRecord
from tests.simulator import signer

ENGINE = signer("engine")
RECORD = KeyRecord(ENGINE.keyid, ENGINE.spki, ENGINE.alg, "engine", "engine-1")
PREDICATE = Predicate(
    checkpoint=Head(root="ab" * 32, size=7),
    founding="cd" * 32,
    ledger="dev/simulated",
    profile="public-notice",
    recipient="a fictional authority",
    schema="holdpoint.bundle/1",
)
PAYLOAD = {"data/events/0.json": b"{}", "data/checkpoint": b"note"}


def bag() -> dict[str, bytes]:
    return seal_bag(bag_files(PAYLOAD, {"VERIFY.md": b"how"}), PREDICATE, ENGINE)


def checked(files: dict[str, bytes]) -> None:
    check_bag(files)
    check_statement(files, RECORD)


def test_a_bag_holds_and_lists_everything() -> None:
    files = bag()
    statement = check_bag(files)
    check_statement(files, RECORD)
    assert {s.name: s.digest.sha256 for s in statement.subject} == {
        path: sha256(content).hexdigest() for path, content in files.items() if path not in (STATEMENT, SIGNATURE)
    }
    assert files["bag-info.txt"].endswith(b"Payload-Oxum: 6.2\n")
    assert files[MANIFEST].decode().splitlines() == [
        f"{sha256(b'note').hexdigest()}  data/checkpoint",
        f"{sha256(b'{}').hexdigest()}  data/events/0.json",
    ]
    assert bag() == files


@given(st.data())
def test_no_byte_is_free(data: st.DataObject) -> None:
    files = bag()
    path = data.draw(st.sampled_from(sorted(files)))
    raw = bytearray(files[path])
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    files[path] = bytes(raw)
    with pytest.raises(LedgerError):
        checked(files)


@pytest.mark.parametrize("path", sorted(bag()))
def test_no_file_can_be_left_out(path: str) -> None:
    files = bag()
    del files[path]
    with pytest.raises(Malformed):
        check_bag(files)


@pytest.mark.parametrize("path", ["data/extra", "extra", "data/events/../x"])
def test_no_file_can_be_added(path: str) -> None:
    with pytest.raises(Malformed):
        check_bag({**bag(), path: b"x"})


def test_manifests_alone_do_not_carry_a_file() -> None:
    files = bag_files({**PAYLOAD, "data/events/1.json": b"more"}, {"VERIFY.md": b"how"})
    with pytest.raises(Malformed, match="statement-mismatch"):
        check_bag({**files, STATEMENT: bag()[STATEMENT], SIGNATURE: bag()[SIGNATURE]})
    assert files[TAG_MANIFEST] != bag()[TAG_MANIFEST]


@pytest.mark.parametrize("other", [signer("another"), ENGINE])
def test_the_statement_is_the_engine_s(other: object) -> None:
    files = seal_bag(bag_files(PAYLOAD, {}), PREDICATE, other)  # type: ignore[arg-type]  # a signer
    check_bag(files)
    if other is ENGINE:
        check_statement(files, RECORD)
        return
    with pytest.raises(Unverified, match="statement-signature"):
        check_statement(files, RECORD)
