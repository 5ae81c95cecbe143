"""T50: a token for other data, unsigned, under an expired chain, by a liar among honest ones: all tokens must fit, and a token bounds.

Two authorities, one of which lies, is broken, or is somebody else's; then two honest ones.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor import timestamp_token as module
from auditor.timestamp import imprint, parse_token, token_path
from auditor.timestamp_token import MissingLibrary, load_authorities, open_token
from auditor.timestamped import Shown, check_timestamps
from auditor.verdict import VerifyVerdict as V
from ledger.checkpoint import Checkpoint
from ledger.errors import Malformed, Unverified
from tests.authority import SHA1, Authority, certificate, later, sha1_of
from tests.conftest import SHARED

HEAD = Checkpoint("dev/simulated", 7, sha256(b"root").digest())
OTHER = Checkpoint("dev/simulated", 7, sha256(b"other").digest())
RECORDED = "2026-06-01T12:00:00.000000Z"
NOON = datetime(2026, 6, 1, 12, 0, 5, tzinfo=UTC)
ONE, TWO = Authority("one"), Authority("two")
BOTH = (ONE.ca, TWO.ca)
VECTORS = SHARED / "vectors" / "rfc3161_local"
CODE = (ExtendedKeyUsageOID.CODE_SIGNING,)


def bent(name: str, **how: object) -> Authority:
    """Authority two with another certificate than it should have."""
    return Authority("two", certificate("two", TWO.ca_name, ca=False, **how))  # type: ignore[arg-type]


def shown(*raws: bytes, head: Checkpoint = HEAD) -> Shown:
    tokens = [parse_token(token_path(head, k), raw) for k, raw in enumerate(raws, 1)]
    return Shown(HEAD.origin, tokens, lambda size, root: (size, root) == (HEAD.size, HEAD.root), lambda _size: RECORDED)


DIGEST = imprint(HEAD)
ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "of other data": (lambda: TWO.token(imprint(OTHER), NOON), "timestamp-imprint"),
    "of the note, not of its text": (lambda: TWO.token(sha256(b"note").digest(), NOON), "timestamp-imprint"),
    "said to be by SHA-1": (lambda: TWO.token(DIGEST, NOON, algorithm=SHA1), "timestamp-imprint"),
    "by SHA-1": (lambda: TWO.token(sha1_of(b"x"), NOON, algorithm=SHA1), "timestamp-imprint"),
    "changed after signing": (lambda: TWO.token(DIGEST, NOON, after=TWO.info(DIGEST, later(NOON, -3))), "timestamp-signature"),
    "unsigned": (lambda: TWO.token(DIGEST, NOON, hollow=True), "timestamp-signers"),
    "signed twice, once falsely": (lambda: TWO.token(DIGEST, NOON, signers=2), "timestamp-signers"),
    "signed by another key": (lambda: TWO.token(DIGEST, NOON, key="thief"), "timestamp-signature"),
    "by a certificate that had ended": (lambda: bent("", end=later(NOON, -60)).token(DIGEST, NOON), "timestamp-signature"),
    "by a certificate yet to come": (lambda: bent("", begin=later(NOON, 60)).token(DIGEST, NOON), "timestamp-signature"),
    "by a certificate for code too": (
        lambda: bent("", usages=(ExtendedKeyUsageOID.TIME_STAMPING, *CODE)).token(DIGEST, NOON), "timestamp-usage"),
    "by a certificate for code": (lambda: bent("", usages=CODE).token(DIGEST, NOON), "timestamp-usage"),
    "by a certificate for anything": (lambda: bent("", usages=()).token(DIGEST, NOON), "timestamp-usage"),
    "by a usage that nobody has to heed": (lambda: bent("", critical=False).token(DIGEST, NOON), "timestamp-usage"),
    "under a CA of the same name": (lambda: bent("", issuer_key="impostor").token(DIGEST, NOON), "timestamp-signature"),
    "a refusal": (lambda: TWO.token(DIGEST, NOON, status=2), "timestamp-status"),
    "without its certificate": (lambda: TWO.token(DIGEST, NOON, carried=(ONE.own,)), "timestamp-signers"),
    "with a byte behind it": (lambda: TWO.token(DIGEST, NOON) + b"\0", "timestamp-form"),
    "cut short": (lambda: TWO.token(DIGEST, NOON)[:-9], "timestamp-form"),
    "empty": (lambda: b"", "timestamp-form"),
    "from before the last entry": (lambda: TWO.token(DIGEST, later(NOON, -120)), "timestamp-early"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ATTACKS))
@pytest.mark.parametrize("first", [True, False])
def test_attack_one_of_two_does_not_fit(name: str, first: bool) -> None:
    """An honest token beside it saves nothing, whichever comes first."""
    make, code = ATTACKS[name]
    raws = [make(), ONE.token(DIGEST, NOON)]
    checks, _ = check_timestamps(shown(*(raws if first else raws[::-1])), BOTH)
    assert [(c.verdict, c.code) for c in checks] == [(V.INVALID, code)], checks


def test_attack_an_end_certificate_as_a_ca() -> None:
    """Whoever holds an honest authority's own certificate issues another by it: no CA of the reader's did."""
    false = Authority("three", certificate("three", ONE.name, ca=False))
    raw = false.token(DIGEST, NOON, carried=(false.own, ONE.own))
    assert [c.code for c in check_timestamps(shown(raw, TWO.token(DIGEST, NOON)), BOTH)[0]] == ["timestamp-signature"]


def test_attack_the_earliest_of_several_wins_nothing() -> None:
    """A liar dates back within what nobody can refute: the bound stays what both say."""
    liar, honest = TWO.token(DIGEST, later(NOON, -50)), ONE.token(DIGEST, later(NOON, 3600))
    (check,), notes = check_timestamps(shown(liar, honest), BOTH)
    assert check.verdict is V.VALID_UNWITNESSED
    assert "existed by 2026-06-01T13:00:06.000000Z" in check.detail
    assert any("not since when" in n for n in notes), "it bounds, and dates nothing"


def test_attack_a_token_of_a_tree_that_is_not_shown() -> None:
    for head in (OTHER, Checkpoint(HEAD.origin, 6, HEAD.root)):
        raw = ONE.token(imprint(head), NOON)
        assert [c.code for c in check_timestamps(shown(raw, head=head), BOTH)[0]] == ["timestamp-unlinked"]


def test_attack_an_authority_that_nobody_named_counts_for_nothing() -> None:
    stranger = Authority("stranger").token(DIGEST, NOON)
    assert [c.code for c in check_timestamps(shown(stranger), BOTH)[0]] == ["timestamps-missing"]
    (check,), _ = check_timestamps(shown(stranger, ONE.token(DIGEST, NOON)), BOTH)
    assert "one authority alone" in check.detail
    (check,), _ = check_timestamps(shown(ONE.token(DIGEST, NOON), ONE.token(DIGEST, later(NOON, 1))), BOTH)
    assert "one authority alone" in check.detail, "two tokens of one are one"


def test_attack_no_library_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_name: str) -> object:
        raise ImportError

    monkeypatch.setattr(module.importlib, "import_module", absent)
    checks, notes = check_timestamps(shown(ONE.token(DIGEST, NOON)), ())
    assert (checks, len(notes)) == ([], 1), "not proven, and said"
    checks, notes = check_timestamps(shown(ONE.token(DIGEST, NOON)), BOTH)
    assert [(c.verdict, c.code) for c in checks] == [(V.INCOMPLETE, "timestamps-unchecked")]
    with pytest.raises(MissingLibrary):
        open_token(b"", HEAD)


def test_attack_names_that_are_no_tokens() -> None:
    good = token_path(HEAD, 1)
    for name in (
        "",
        good + "x",
        good.replace("timestamps/7", "timestamps/07"),
        "timestamps/../7",
        good.replace(".1.tsr", ".0.tsr"),
    ):
        with pytest.raises(Malformed):
            parse_token(name, b"")
    with pytest.raises(Malformed):
        parse_token(good, b"x" * 65_537)
    with pytest.raises(Malformed):
        load_authorities(b"no certificate")


def test_honest_two_authorities_bound_the_checkpoint() -> None:
    """Tokens fetched at different times, one with a certificate that has since ended; the CA between is the reader's to give."""
    own = certificate("one", ONE.ca_name, ca=False, end=later(NOON, 5))
    old = Authority("one", own).token(DIGEST, NOON)
    (check,), _ = check_timestamps(shown(old, TWO.token(DIGEST, later(NOON, 60))), BOTH)
    assert (check.verdict, check.code) == (V.VALID_UNWITNESSED, "ok")
    assert check.detail == "the first 7 entries existed by 2026-06-01T12:01:06.000000Z; says CN=one and CN=two"
    between = certificate("between", TWO.ca_name, ca=True)
    deep = Authority("deep", certificate("deep", "between", ca=False))
    for carried, given in (((deep.own, between), BOTH), ((deep.own,), (*BOTH, between))):
        (check,), _ = check_timestamps(shown(deep.token(DIGEST, NOON, carried=carried)), given)
        assert check.code == "ok", check
    assert check_timestamps(shown(), ()) == ([], [])
    checks, notes = check_timestamps(shown(old), ())
    assert (checks, len(notes)) == ([], 1), "without a CA of the reader's a token proves nothing, and breaks nothing"


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the shared vectors are not beside this checkout")
def test_honest_openssl_s_own_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """One fits. The other's certificates are a SET out of order: DER has one form, and so have we."""
    digest = bytes.fromhex("1eba4f06a73fe11226642b693f7ec6a803c25fb593b599a063195563fb2bc757")
    monkeypatch.setattr(module, "imprint", lambda _checkpoint: digest)
    ca: tuple[x509.Certificate, ...] = load_authorities((VECTORS / "ca.pem").read_bytes())
    good, loose = ((VECTORS / f"resp_{n}.tsr").read_bytes() for n in ("single_cert", "two_certs_unsorted_set"))
    (check,), _ = check_timestamps(shown(good), ca)
    assert "existed by 2026-11-23T15:24:46.000000Z" in check.detail
    assert [c.code for c in check_timestamps(shown(good, loose), ca)[0]] == ["timestamp-form"]
    with pytest.raises(Unverified, match="timestamp-signature"):
        module.check_signature(open_token(good, HEAD), ONE.ca, HEAD)
