"""ledger/checkpoint.py: three lines, two signatures, both demanded."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import (
    Checkpoint,
    format_checkpoint,
    list_verified,
    open_checkpoint,
    parse_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from ledger.errors import Fault, Malformed, Unverified
from ledger.note import (
    ED25519_COSIGNATURE,
    LogSigner,
    Note,
    NoteSignature,
    Vkey,
    cosigned_at,
    cosigned_message,
    format_note,
    parse_note,
    parse_vkey,
)
from ledger.strict import format_base64
from ledger.tree import EMPTY_ROOT, hash_leaf
from tests.conftest import VECTORS, needs_vectors

ORIGIN = "lab.example/holdpoint"
TIME = 1_775_552_400


def signer(seed, name=ORIGIN):
    return LogSigner(
        name,
        ed25519.Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32),
        mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes([seed]) * 32),
    )


LOG, NEXT = signer(1), signer(2)
HEAD = Checkpoint(ORIGIN, 70_000, hash_leaf(b"root"))
NOTE = sign_checkpoint(HEAD, LOG, TIME)


def with_lines(*keep, text=None):
    parsed = parse_note(NOTE)
    return format_note(Note(parsed.text if text is None else text, tuple(parsed.signatures[k] for k in keep)))


def test_a_checkpoint_is_three_lines():
    text = format_checkpoint(HEAD)
    assert text == f"{ORIGIN}\n70000\n{format_base64(HEAD.root)}\n"
    assert parse_checkpoint(text) == HEAD
    assert parse_checkpoint(text.replace(ORIGIN, "go.sum database tree")).origin == "go.sum database tree"


B64 = format_base64(HEAD.root)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "checkpoint-lines"),
        (f"o\n1\n{B64}", "checkpoint-lines"),
        (f"o\n1\n{B64}\nextension\n", "checkpoint-lines"),
        (f"o\n1\n{B64}\n\n", "checkpoint-lines"),
        (f"\n1\n{B64}\n", "checkpoint-origin"),
        (f"o\t\n1\n{B64}\n", "checkpoint-origin"),
        (f"\ud800\n1\n{B64}\n", "checkpoint-origin"),
        (f"{'o' * 256}\n1\n{B64}\n", "checkpoint-origin"),
        (f"o\n0\n{format_base64(EMPTY_ROOT)}\n", "checkpoint-head"),
        (f"o\n1\n{format_base64(bytes(31))}\n", "checkpoint-head"),
        (f"o\n1\n{format_base64(bytes(33))}\n", "checkpoint-head"),
        (f"o\n1\n{B64[:-2]}B=\n", "base64-bits"),
        (f"o\n1\n{B64} \n", "base64-form"),
        *[
            (f"o\n{n}\n{B64}\n", "number-domain")
            for n in ("", "01", "-1", "+1", " 1", "1 ", "4_2", "٤٢", "1e3", "0x1", "9" * 5000)
        ],
        (f"o\n{2**63}\n{B64}\n", "number-domain"),
        (f"o\n{2**64 + 1}\n{B64}\n", "number-domain"),
    ],
)
def test_texts_that_are_refused(text, rule):
    with pytest.raises(Malformed) as caught:
        parse_checkpoint(text)
    assert caught.value.code == rule


def test_both_signatures_of_the_log_are_demanded_by_name():
    assert open_checkpoint(NOTE, LOG.vkeys) == HEAD
    assert list_verified(NOTE, LOG.vkeys) == LOG.vkeys
    with pytest.raises(Unverified, match=r"checkpoint-unsigned at ML-DSA-44 signature"):
        open_checkpoint(with_lines(0), LOG.vkeys)
    with pytest.raises(Unverified, match=r"checkpoint-unsigned at Ed25519 signature"):
        open_checkpoint(with_lines(1), LOG.vkeys)
    for vkeys in ((), NEXT.vkeys, LOG.vkeys[:1], LOG.vkeys[1:], (LOG.vkeys[0], NEXT.vkeys[1])):
        with pytest.raises(Unverified, match="checkpoint-unsigned"):
            open_checkpoint(NOTE, vkeys)


def test_a_flip_anywhere_in_either_signature_or_the_text_is_found():
    raw = NOTE.encode()
    for at in (*range(260), *range(260, len(raw), 41), len(raw) - 1):
        bent = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((Malformed, Unverified)):
            open_checkpoint(bent.decode(errors="replace"), LOG.vkeys)


def test_signatures_of_another_tree_do_not_carry_over():
    for other in (Checkpoint(ORIGIN, 70_001, HEAD.root), Checkpoint(ORIGIN, 70_000, bytes(32))):
        with pytest.raises(Unverified, match="note-signature-invalid"):
            open_checkpoint(with_lines(0, 1, text=format_checkpoint(other)), LOG.vkeys)


def test_keys_of_another_log_do_not_speak_for_this_origin():
    """Genuine signatures, but by keys with another name than the origin line."""
    stranger = signer(1, "other.example/log")
    text = format_checkpoint(HEAD)
    note = format_note(Note(text, stranger.sign(text, HEAD, TIME)))
    assert list_verified(note, stranger.vkeys) == stranger.vkeys
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        open_checkpoint(note, stranger.vkeys)
    with pytest.raises(Malformed, match="origin-mismatch"):
        sign_checkpoint(HEAD, stranger, TIME)


def test_the_time_stands_in_the_mldsa_line_and_is_signed():
    parsed = parse_note(NOTE)
    assert [s.key_id for s in parsed.signatures] == [v.key_id for v in LOG.vkeys]
    six = parsed.signatures[1]
    assert cosigned_at(LOG.vkeys[1], six.signature) == TIME
    assert len(six.signature) == 8 + 2420
    moved = NoteSignature(six.name, six.key_id, (TIME + 1).to_bytes(8, "big") + six.signature[8:])
    with pytest.raises(Unverified, match="note-signature-invalid"):
        open_checkpoint(format_note(Note(parsed.text, (parsed.signatures[0], moved))), LOG.vkeys)


@pytest.mark.parametrize("timestamp", [0, -1, 2**63])
def test_times_that_are_never_signed(timestamp):
    with pytest.raises(Malformed):
        sign_checkpoint(HEAD, LOG, timestamp)


@pytest.mark.parametrize(
    "head",
    [
        Checkpoint(ORIGIN, 0, EMPTY_ROOT), Checkpoint(ORIGIN, -1, bytes(32)), Checkpoint(ORIGIN, 2**63, bytes(32)),
        Checkpoint(ORIGIN, 1, bytes(31)), Checkpoint("", 1, bytes(32)), Checkpoint(ORIGIN + "\n1", 1, bytes(32)),
    ],
)  # fmt: skip
def test_heads_that_are_never_signed(head):
    with pytest.raises(Malformed):
        sign_checkpoint(head, LOG, TIME)


def test_during_an_overlap_both_pairs_sign_and_either_opens():
    note = sign_checkpoint(HEAD, NEXT, TIME, LOG)
    assert len(parse_note(note).signatures) == 4
    for vkeys in (LOG.vkeys, NEXT.vkeys, LOG.vkeys + NEXT.vkeys):
        assert open_checkpoint(note, vkeys) == HEAD
    assert list_verified(note, LOG.vkeys + NEXT.vkeys) == NEXT.vkeys + LOG.vkeys


class Faulty:
    """A log-key process that answers wrongly."""

    vkeys = LOG.vkeys

    def __init__(self, bend):
        self.bend = bend

    def sign(self, text, head, timestamp):
        return self.bend(LOG.sign(text, head, timestamp), text, head)


def flipped(line):
    return NoteSignature(line.name, line.key_id, line.signature[:-1] + bytes([line.signature[-1] ^ 1]))


@pytest.mark.parametrize(
    "bend",
    [
        lambda lines, _t, _h: (),
        lambda lines, _t, _h: lines[:1],
        lambda lines, _t, _h: lines[1:],
        lambda lines, _t, _h: (lines[0], flipped(lines[1])),
        lambda lines, _t, _h: (flipped(lines[0]), lines[1]),
        lambda lines, _t, _h: (*lines, lines[0]),
        lambda _lines, text, head: NEXT.sign(text, head, TIME),
    ],
)
def test_a_signer_that_answers_wrongly_publishes_nothing(bend):
    with pytest.raises(Fault) as caught:
        sign_checkpoint(HEAD, Faulty(bend), TIME)
    assert (caught.value.code, caught.value.outcome) == ("log-key-unavailable", "failed")


def test_witnesses_add_lines_and_change_nothing_else():
    ed = ed25519.Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
    pq = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes([7]) * 32)
    four = Vkey("w.example/4", ED25519_COSIGNATURE, ed.public_key().public_bytes_raw())
    six = Vkey("w.example/6", 6, pq.public_key().public_bytes_raw())
    parsed = parse_note(NOTE)
    stamp = TIME.to_bytes(8, "big")
    lines = (
        NoteSignature(four.name, four.key_id, stamp + ed.sign(f"cosignature/v1\ntime {TIME}\n{parsed.text}".encode())),
        NoteSignature(
            six.name, six.key_id, stamp + pq.sign(cosigned_message(six.name, TIME, ORIGIN, 70_000, HEAD.root))
        ),
        NoteSignature("unknown.example", b"abcd", b"what"),
    )
    note = format_note(Note(parsed.text, parsed.signatures + lines))
    assert open_checkpoint(note, LOG.vkeys) == HEAD
    assert list_verified(note, (four, six)) == (four, six)
    assert list_verified(note, (*LOG.vkeys, four, six)) == (*LOG.vkeys, four, six)
    with pytest.raises(Unverified, match="checkpoint-unsigned"):
        open_checkpoint(note, (four, six))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=100),
        st.builds(
            "{}\n{}\n{}\n".format,
            st.text(max_size=9),
            st.integers(-5, 2**66),
            st.binary(min_size=31, max_size=33).map(format_base64),
        ),
    )
)
def test_any_text_is_a_checkpoint_or_malformed(text):
    try:
        parsed = parse_checkpoint(text)
    except Malformed:
        return
    assert format_checkpoint(parsed) == text


@needs_vectors
def test_the_tessera_checkpoints_and_the_one_of_size_zero():
    log = VECTORS / "tessera-testlog" / "testdata" / "log"
    for size in range(1, 16):
        checkpoint, _ = read_checkpoint((log / f"checkpoint.{size}").read_text())
        assert (checkpoint.origin, checkpoint.size) == ("example.com/log/testdata", size)
    empty = (log / "checkpoint.0").read_text()
    with pytest.raises(Malformed, match="checkpoint-head"):
        read_checkpoint(empty)
    assert parse_note(empty).text == f"example.com/log/testdata\n0\n{format_base64(EMPTY_ROOT)}\n"
    assert (log / "checkpoint").read_bytes() == (log / "checkpoint.15").read_bytes()


@needs_vectors
def test_one_key_signs_tessera_and_that_is_not_enough_here():
    note = (VECTORS / "tessera-testlog" / "testdata" / "log" / "checkpoint").read_text()
    vkey = parse_vkey("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    assert list_verified(note, [vkey]) == (vkey,)
    with pytest.raises(Unverified, match=r"checkpoint-unsigned at ML-DSA-44 signature"):
        open_checkpoint(note, [vkey])


@needs_vectors
def test_the_two_sunlight_copies_are_a_split_view():
    heads = []
    for folder in ("witness-a", "log-copy"):
        (file,) = (VECTORS / "sunlight" / folder).glob("*/checkpoint")
        heads.append(read_checkpoint(file.read_text())[0])
    assert heads[0].origin == heads[1].origin
    assert heads[0].size == heads[1].size
    assert heads[0].root != heads[1].root
