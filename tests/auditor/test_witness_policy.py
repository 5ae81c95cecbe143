"""C2SP tlog-policy: what it says, who counts, and every line that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.witness_policy import parse_policy
from ledger.checkpoint import read_checkpoint
from ledger.errors import Malformed, Unverified
from ledger.note import ED25519, ED25519_COSIGNATURE, MLDSA44_COSIGNATURE
from tests.cosigner import cosigned, policy, witness_line, witness_vkey
from tests.simulator import Lab, log_signer

NAMES = [f"w.example/{n}" for n in "abcdef"]
LINES = [witness_line(n) for n in NAMES]
LAB = Lab()
LOG = LAB.log.vkeys[0]


def met(raw: bytes, *by: str, kind: int = ED25519_COSIGNATURE) -> bool:
    checkpoint, note = read_checkpoint(cosigned(LAB.note(), *by, kind=kind))
    return parse_policy(raw).judge(note, checkpoint).met


@given(st.sets(st.sampled_from(NAMES)))
def test_two_levels_of_groups_as_in_the_specification(by: set[str]) -> None:
    raw = policy(*LINES, "group x 2 a b c", "group y any d e f", "group both all x y", quorum="both", log=LOG)
    short = {n[-1] for n in by}
    assert met(raw, *sorted(by)) == (len(short & set("abc")) >= 2 and bool(short & set("def")))


@given(st.integers(1, 6), st.sets(st.sampled_from(NAMES)))
def test_k_of_n_counts_distinct_witnesses(k: int, by: set[str]) -> None:
    raw = policy(*LINES, f"group g {k} a b c d e f", quorum="g")
    assert met(raw, *sorted(by), *sorted(by)) == (len(by) >= k)


def test_post_quantum_witnesses_count() -> None:
    raw = policy(witness_line(NAMES[0], MLDSA44_COSIGNATURE), quorum="a", log=LOG)
    assert met(raw, NAMES[0], kind=MLDSA44_COSIGNATURE)
    assert not met(raw, NAMES[0])


def test_a_log_that_is_not_listed_does_not_count() -> None:
    other = log_signer("another", LAB.origin).vkeys[0]
    assert not met(policy(LINES[0], quorum="a", log=other), NAMES[0])
    assert met(policy(LINES[0], quorum="a"), NAMES[0]), "without a log line the reader knows the log otherwise"
    assert met(policy(log=LOG))


def test_a_cosignature_that_does_not_hold_refuses_the_note() -> None:
    checkpoint, note = read_checkpoint(cosigned(LAB.note(), NAMES[0]).replace("\n40\n", "\n40\n"))
    later = read_checkpoint(cosigned(LAB.note(5), NAMES[0]))[1]
    bent = type(note)(note.text, (*note.signatures[:-1], later.signatures[-1]))
    with pytest.raises(Unverified):
        parse_policy(policy(LINES[0], quorum="a")).judge(bent, checkpoint)


def test_blanks_and_comments_are_ignored_and_urls_kept() -> None:
    raw = f"\n  # a comment \xff\n\tlog  {LOG}\thttps://log.example \n{LINES[0]} https://w.example/a\nquorum a\n"
    found = parse_policy(raw.encode("latin-1"))
    assert (found.logs[0].url, found.witnesses[b"a"].url) == ("https://log.example", "https://w.example/a")


def test_names_are_octets() -> None:
    kelvin = "witness \u212a ".encode() + str(witness_vkey("w.example/k")).encode()
    raw = kelvin + b"\nwitness K " + str(witness_vkey(NAMES[0])).encode() + b"\nquorum K\n"
    assert set(parse_policy(raw).witnesses) == {b"K", "\u212a".encode()}


SAME = str(witness_vkey(NAMES[0])).replace("w.example/a", "w.example/z")
BAD = {
    "no quorum": ("".join(f"{x}\n" for x in LINES), "policy-quorum-missing"),
    "empty": ("", "policy-quorum-missing"),
    "two quorums": ("quorum none\nquorum none\n", "policy-quorum-twice"),
    "a quorum that is not defined": ("quorum a\n", "policy-name-unknown"),
    "a quorum before its witness": (f"quorum a\n{LINES[0]}\n", "policy-name-unknown"),
    "a group before its member": (f"group g any a\n{LINES[0]}\nquorum g\n", "policy-name-unknown"),
    "a group of itself": (f"{LINES[0]}\ngroup g any g\nquorum g\n", "policy-name-unknown"),
    "a group of none": (f"{LINES[0]}\ngroup g any none\nquorum g\n", "policy-name-unknown"),
    "a group without members": (f"{LINES[0]}\ngroup g any\nquorum g\n", "policy-line"),
    "a member of two groups": (f"{LINES[0]}\ngroup g any a\ngroup h any a\nquorum g\n", "policy-member-twice"),
    "a member twice": (f"{LINES[0]}\ngroup g any a a\nquorum g\n", "policy-member-twice"),
    "threshold 0": (f"{LINES[0]}\ngroup g 0 a\nquorum g\n", "policy-threshold"),
    "threshold above n": (f"{LINES[0]}\ngroup g 2 a\nquorum g\n", "policy-threshold"),
    "threshold 01": (f"{LINES[0]}\ngroup g 01 a\nquorum g\n", "policy-threshold"),
    "threshold some": (f"{LINES[0]}\ngroup g some a\nquorum g\n", "policy-threshold"),
    "a name twice": (f"{LINES[0]}\n{witness_line('v.example/a')}\nquorum a\n", "policy-name-taken"),
    "a group by a witness's name": (f"{LINES[0]}\n{LINES[1]}\ngroup a any b\nquorum a\n", "policy-name-taken"),
    "a witness called none": (f"witness none {witness_vkey(NAMES[0])}\nquorum none\n", "policy-name-taken"),
    "one key under two names": (f"{LINES[0]}\nwitness z {SAME}\nquorum a\n", "policy-vkey"),
    "one key twice": (f"{LINES[0]}\nwitness z {witness_vkey(NAMES[0])}\nquorum a\n", "policy-key-twice"),
    "a log twice": (f"log {LOG}\nlog {LOG}\nquorum none\n", "policy-key-twice"),
    "a log's key as a witness": (f"witness a {LOG}\nquorum a\n", "policy-vkey-type"),
    "a witness's key as a log": (f"log {witness_vkey(NAMES[0])}\nquorum none\n", "policy-vkey-type"),
    "no key": ("log nonsense\nquorum none\n", "policy-vkey"),
    "a word too many": ("quorum none none\n", "policy-line"),
    "an unknown word": ("trust everybody\nquorum none\n", "policy-line"),
    "an upper-case word": ("QUORUM none\n", "policy-line"),
    "no last newline": ("quorum none", "policy-newline"),
    "a carriage return": ("quorum none\r\n", "policy-octet"),
    "a control character": ("# \x07\nquorum none\n", "policy-octet"),
    "a NUL": ("quorum none\x00\n", "policy-octet"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_policy_is_refused_by_line(name: str) -> None:
    text, rule = BAD[name]
    with pytest.raises(Malformed, match="policy") as caught:
        parse_policy(text.encode())
    assert caught.value.rule == rule
    assert LOG.kind == ED25519
