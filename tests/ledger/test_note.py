"""ledger/note.py: signed-note and tlog-cosignature to the letter, with foreign notes and golden bytes built by hand."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, list_verified
from ledger.errors import Malformed, Unverified
from ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MAX_NOTE,
    MLDSA44_COSIGNATURE,
    LogSigner,
    Note,
    NoteSignature,
    Vkey,
    cosigned_at,
    cosigned_message,
    decode_note,
    format_note,
    open_note,
    parse_note,
    parse_vkey,
    verified_keys,
    verify_line,
)
from ledger.strict import format_base64
from tests.conftest import VECTORS, needs_vectors

TESSERA = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PQ = mldsa.MLDSA44PrivateKey.from_seed_bytes(bytes(range(32)))
NAME = "lab.example/holdpoint"
ONE = Vkey(NAME, ED25519, ED.public_key().public_bytes_raw())
FOUR = Vkey(NAME, ED25519_COSIGNATURE, ED.public_key().public_bytes_raw())
SIX = Vkey(NAME, MLDSA44_COSIGNATURE, PQ.public_key().public_bytes_raw())
HEAD = Checkpoint(NAME, 42, bytes(range(32)))
TEXT = f"{NAME}\n42\n{format_base64(HEAD.root)}\n"
STAMP = (1_775_552_400).to_bytes(8, "big")


def line(vkey, signature):
    return NoteSignature(vkey.name, vkey.key_id, signature)


def signed(text=TEXT):
    return format_note(Note(text, (line(ONE, ED.sign(text.encode())),)))


def test_a_verifier_key_is_its_text():
    for vkey in (ONE, FOUR, SIX):
        assert parse_vkey(str(vkey)) == vkey
    assert len({v.key_id for v in (ONE, FOUR, SIX)}) == 3
    parsed = parse_vkey(TESSERA)
    assert (parsed.name, parsed.kind, parsed.key_id.hex()) == ("example.com/log/testdata", 1, "33d7b496")
    assert str(parsed) == TESSERA


def vkey_text(name, kind, public):
    return str(Vkey(name, kind, public))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "vkey-form"),
        ("name+00000000", "vkey-form"),
        ("+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", "vkey-form"),
        ("a b+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", "vkey-form"),
        ("a\u00a0b+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", "vkey-form"),
        ("a\x01b+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", "vkey-form"),
        ("\ud800+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx", "note-utf8"),
        (TESSERA.replace("33d7b496", "33d7b497"), "vkey-hash"),
        (TESSERA.replace("33d7b496", "33D7B496"), "hex-form"),
        (TESSERA.replace("testdata", "testdatb"), "vkey-hash"),
        (TESSERA + "=", "base64-form"),
        (TESSERA + "\n", "base64-form"),
        ("a+00000000+AQ==", "vkey-form"),
        (vkey_text(NAME, 1, bytes(31) + b"\1"), "key-weak"),
        (vkey_text(NAME, 1, b"\1" + bytes(31)), "key-weak"),
        (vkey_text(NAME, 4, b"\1" + bytes(31)), "key-weak"),
        (vkey_text(NAME, 1, bytes(33)), "vkey-type"),
        (vkey_text(NAME, 6, bytes(32)), "vkey-type"),
        (vkey_text(NAME, 2, bytes(32)), "vkey-type"),
        (vkey_text("n" * 256, 6, bytes(1312)), "vkey-form"),
        (vkey_text("é" * 128, 6, bytes(1312)), "vkey-form"),
    ],
)
def test_verifier_keys_that_are_refused(text, rule):
    with pytest.raises(Malformed) as caught:
        parse_vkey(text)
    assert caught.value.code == rule


def test_a_note_opens_with_its_key_and_with_no_other():
    note = signed()
    assert open_note(note, [ONE]) == TEXT
    other = Vkey(NAME, ED25519, ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw())
    renamed = Vkey(NAME + "2", ED25519, ONE.public)
    for vkeys in ([], [other], [renamed], [FOUR], [SIX]):
        with pytest.raises(Unverified, match="note-unsigned"):
            open_note(note, vkeys)


def test_no_byte_of_a_signed_note_is_free():
    note = signed()
    raw = note.encode()
    for at in range(len(raw)):
        bent = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        with pytest.raises((Malformed, Unverified)):
            open_note(decode_note(bent), [ONE])


def test_lines_of_unknown_keys_are_ignored_and_of_known_ones_are_not():
    good = line(ONE, ED.sign(TEXT.encode()))
    strange = NoteSignature("w.example/\x7f" + "x" * 400, b"\1\2\3\4", b"?")
    same_name = NoteSignature(NAME, b"\0\0\0\0", b"?" * 64)
    same_id = NoteSignature("other.example", ONE.key_id, b"?" * 64)
    assert open_note(format_note(Note(TEXT, (strange, same_name, same_id, good))), [ONE]) == TEXT
    broken = line(ONE, bytes(64))
    for lines in ((good, broken), (broken, good), (broken,)):
        with pytest.raises(Unverified, match="note-signature-invalid"):
            open_note(format_note(Note(TEXT, lines)), [ONE])
    assert verified_keys(Note(TEXT, (good, good)), [ONE]) == (ONE,)


def test_the_text_ends_at_the_last_empty_line():
    inner = "a\n\n— look.alike AAAAAAA=\n\nb\n"
    assert parse_note(signed(inner)).text == inner
    assert open_note(signed(inner), [ONE]) == inner
    assert parse_note(signed("\n")).text == "\n"
    assert parse_note(signed("a\x85b\u2028c\n")).text == "a\x85b\u2028c\n"


GOOD = "text\n\n— name AAAAAAA=\n"


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        ("", "note-form"),
        ("text\n", "note-form"),
        ("text\n\n", "note-form"),
        ("\n\n", "note-form"),
        ("text\n— name AAAAAAA=\n", "note-form"),
        (GOOD[:-1], "note-form"),
        (GOOD + "\n", "note-form"),
        (GOOD.replace("text\n", "te\rxt\n"), "note-control"),
        (GOOD.replace("\n", "\r\n"), "note-control"),
        (GOOD.replace("text", "te\txt"), "note-control"),
        (GOOD.replace("text", "te\0xt"), "note-control"),
        (GOOD.replace("—", "-"), "note-signature"),
        (GOOD.replace("— ", "—"), "note-signature"),
        (GOOD.replace("— name", "—  name"), "note-signature"),
        (GOOD.replace("name ", ""), "note-signature"),
        (GOOD.replace("name", "na+me"), "note-signature"),
        (GOOD.replace("name", "na\u2003me"), "note-signature"),
        (GOOD.replace("name ", "name  "), "base64-form"),
        (GOOD.replace("AAAAAAA=", "AAAAAAA"), "base64-form"),
        (GOOD.replace("AAAAAAA=", "AAAAAAB="), "base64-bits"),
        (GOOD.replace("AAAAAAA=", "AAAA_AA="), "base64-form"),
        (GOOD.replace("AAAAAAA=", "AAAAAAA= "), "base64-form"),
        (GOOD.replace("AAAAAAA=", "AAAAAA=="), "note-signature"),
        (GOOD + "— name AAAAAAA=\n" * 100, "note-form"),
        ("\ud800" + GOOD, "note-utf8"),
        ("x" * MAX_NOTE + GOOD, "too-large"),
    ],
)
def test_notes_that_are_refused(note, rule):
    parse_note(GOOD)
    with pytest.raises(Malformed) as caught:
        parse_note(note)
    assert caught.value.code == rule


def test_sixteen_signatures_of_any_size_are_read():
    lines = tuple(NoteSignature(f"w{n}.example", bytes(4), bytes(5000)) for n in range(16))
    assert parse_note(format_note(Note(TEXT, lines))).signatures == lines


def test_what_mldsa44_signs_byte_for_byte():
    """The struct of tlog-cosignature written out by hand: label, name, time, origin, start 0, end, hash."""
    golden = (
        bytes.fromhex("737562747265652f76310a00")  # "subtree/v1\n\0"
        + bytes.fromhex("11") + b"witness.example/w"
        + bytes.fromhex("0000000064185" "0cb")
        + bytes.fromhex("1b") + b"example.com/behind-the-sofa"
        + bytes.fromhex("0000000000000000")
        + bytes.fromhex("00000000013e2fb3")
        + bytes.fromhex("0a" * 32)
    )  # fmt: skip
    built = cosigned_message("witness.example/w", 0x641850CB, "example.com/behind-the-sofa", 20_852_659, b"\x0a" * 32)
    assert built == golden
    assert len(built) == 12 + 1 + 17 + 8 + 1 + 27 + 8 + 8 + 32


@pytest.mark.parametrize(
    ("name", "timestamp", "origin", "size", "root"),
    [
        ("", 1, "o", 1, bytes(32)), ("n" * 256, 1, "o", 1, bytes(32)), ("n", 1, "", 1, bytes(32)),
        ("n", 1, "é" * 128, 1, bytes(32)), ("n", -1, "o", 1, bytes(32)), ("n", 2**63, "o", 1, bytes(32)),
        ("n", 1, "o", 2**63, bytes(32)), ("n", 1, "o", -1, bytes(32)), ("n", 1, "o", 1, bytes(31)),
    ],
)  # fmt: skip
def test_values_that_the_struct_does_not_hold(name, timestamp, origin, size, root):
    with pytest.raises(Malformed, match="cosignature-form"):
        cosigned_message(name, timestamp, origin, size, root)


def test_an_mldsa44_line_binds_name_time_origin_size_and_root():
    message = cosigned_message(NAME, 1_775_552_400, NAME, 42, HEAD.root)
    signature = STAMP + PQ.sign(message)
    assert verify_line(SIX, TEXT, HEAD, signature)
    assert cosigned_at(SIX, signature) == 1_775_552_400
    for head in (
        Checkpoint(NAME + "2", 42, HEAD.root),
        Checkpoint(NAME, 43, HEAD.root),
        Checkpoint(NAME, 42, bytes(32)),
    ):
        assert not verify_line(SIX, TEXT, head, signature)
    assert not verify_line(Vkey(NAME + "2", 6, SIX.public), TEXT, HEAD, signature)
    assert not verify_line(SIX, TEXT, HEAD, bytes(7) + b"\1" + signature[8:])
    assert not verify_line(SIX, TEXT, HEAD, signature[:-1])
    assert not verify_line(SIX, TEXT, None, signature)
    for short in (b"", signature[:7], signature[:8]):
        assert not verify_line(SIX, TEXT, HEAD, short)


def test_an_mldsa44_line_of_time_zero_does_not_count():
    zero = bytes(8) + PQ.sign(cosigned_message(NAME, 0, NAME, 42, HEAD.root))
    assert not verify_line(SIX, TEXT, HEAD, zero)


def test_without_a_tree_head_an_mldsa44_line_neither_counts_nor_refuses():
    lines = (line(SIX, b"\1" * 100), line(ONE, ED.sign(TEXT.encode())))
    assert verified_keys(Note(TEXT, lines), [ONE, SIX]) == (ONE,)
    with pytest.raises(Unverified, match="note-signature-invalid"):
        verified_keys(Note(TEXT, lines), [ONE, SIX], HEAD)


def test_an_ed25519_cosignature_is_over_header_time_and_text():
    signature = STAMP + ED.sign(b"cosignature/v1\ntime 1775552400\n" + TEXT.encode())
    assert verify_line(FOUR, TEXT, None, signature)
    assert not verify_line(FOUR, TEXT, None, bytes(8) + signature[8:])
    assert not verify_line(FOUR, TEXT.replace("42", "43"), None, signature)
    assert not verify_line(FOUR, TEXT, None, STAMP + ED.sign(TEXT.encode()))
    huge = (2**63).to_bytes(8, "big")
    assert not verify_line(FOUR, TEXT, None, huge + ED.sign(b"cosignature/v1\ntime %d\n" % 2**63 + TEXT.encode()))
    with pytest.raises(Malformed):
        cosigned_at(ONE, signature)


def test_a_log_signer_takes_only_its_two_kinds_of_key_and_a_name_that_fits():
    signer = LogSigner(NAME, ED, PQ)
    assert signer.vkeys == (ONE, SIX)
    with pytest.raises(Malformed, match="key-algorithm"):
        LogSigner(NAME, PQ, ED)
    for name in ("", "a b", "a+b", "a\nb", "n" * 256, "\ud800"):
        with pytest.raises(Malformed):
            LogSigner(name, ED, PQ)
    with pytest.raises(Malformed, match="timestamp-zero"):
        signer.sign(TEXT, HEAD, 0)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=80), st.text(max_size=80).map(lambda t: ("x\n\n— " + t + "\n").encode(errors="replace"))
    )
)
def test_any_bytes_are_a_note_or_malformed(raw):
    try:
        note = parse_note(decode_note(raw))
    except Malformed:
        return
    assert format_note(note).encode() == raw


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60), st.binary(max_size=40))
def test_any_text_is_a_verifier_key_or_malformed(text, key):
    for candidate in (text, f"a+{text}+{format_base64(key)}", f"{text}+00000000+{format_base64(key)}"):
        try:
            assert str(parse_vkey(candidate)) == candidate
        except Malformed:
            continue


texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32) if c != 10]), max_size=40
)
names = st.from_regex(r"[a-z./é]{1,20}", fullmatch=True)
lines = st.builds(NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=90))


@settings(max_examples=200, deadline=None)
@given(texts, st.lists(lines, min_size=1, max_size=5))
def test_every_note_that_is_written_is_read(text, signatures):
    note = Note(text + "\n", tuple(signatures))
    assert parse_note(format_note(note)) == note


@needs_vectors
def test_the_specification_s_example_note():
    folder = VECTORS / "c2sp-spec-examples"
    note = decode_note((folder / "signed-note-example.txt").read_bytes())
    vkey = parse_vkey((folder / "signed-note-example.vkey").read_text().removesuffix("\n"))
    assert open_note(note, [vkey]) == "This is an example message.\n"
    with pytest.raises(Unverified, match="note-signature-invalid"):
        open_note(note.replace("This", "That"), [vkey])


@needs_vectors
def test_the_specification_s_request_bodies():
    folder = VECTORS / "c2sp-spec-examples"
    body = decode_note((folder / "tlog-witness-add-checkpoint-request.txt").read_bytes())
    assert len(parse_note(body.partition("\n\n")[2]).signatures) == 2
    cut = decode_note((folder / "tlog-witness-sign-subtree-request.txt").read_bytes())
    with pytest.raises(Malformed, match="base64-form"):
        parse_note(cut.partition("\n\n")[2])


@needs_vectors
def test_the_tessera_log_s_signatures():
    log = VECTORS / "tessera-testlog" / "testdata" / "log"
    vkey = parse_vkey(TESSERA)
    files = sorted(log.glob("checkpoint*"))
    assert len(files) == 17
    for file in files:
        assert open_note(decode_note(file.read_bytes()), [vkey]).startswith("example.com/log/testdata\n")


@needs_vectors
@pytest.mark.parametrize(
    ("folder", "key_file"),
    [("witness-a", "witness.v0.json"), ("witness-b", "witness.v0.json"), ("log-copy", "cosigner.v0.json")],
)
def test_witness_cosignatures_and_the_unknown_line_before_one(folder, key_file):
    place = VECTORS / "sunlight" / folder
    (text,) = json.loads((place / key_file).read_bytes())["verifier_keys"]
    vkey = parse_vkey(text)
    assert vkey.kind == ED25519_COSIGNATURE
    (file,) = place.glob("*/checkpoint")
    note = decode_note(file.read_bytes())
    assert list_verified(note, [vkey]) == (vkey,)
    assert len(parse_note(note).signatures) == (2 if folder == "witness-a" else 1)
    assert cosigned_at(vkey, parse_note(note).signatures[-1].signature) > 1_700_000_000
    with pytest.raises(Unverified, match="note-signature-invalid"):
        list_verified(note.replace("\n300\n", "\n301\n"), [vkey])
    with pytest.raises(Malformed):
        parse_note("a decoy sentence\n")


@needs_vectors
def test_litewitness_checkpoints_parse_and_the_true_ones_verify():
    story = json.loads((VECTORS / "litewitness-add-checkpoint" / "requests.json").read_bytes())
    public = bytes.fromhex(story["log_ed25519_public_key_hex"])
    vkey = parse_vkey(str(Vkey(story["log_origin"], ED25519, public)))
    for request in story["requests"]:
        body = request["request_body"]
        note = body.partition("\n\n")[2]
        if request.get("body_contains") == "invalid signature":
            # Its last base64 digit has loose bits: refused one step before the signature is looked at.
            with pytest.raises(Malformed, match="base64-bits"):
                open_note(note, [vkey])
            with pytest.raises(Unverified, match="note-signature-invalid"):
                open_note(note.replace("gx=", "gw="), [vkey])
        elif request["status"] == 200:
            assert open_note(note, [vkey]).startswith(story["log_origin"])
