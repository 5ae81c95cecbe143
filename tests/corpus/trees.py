"""Proofs, checkpoints and consistency that do not carry what they are shown for."""

from base64 import b64decode, b64encode
from collections.abc import Callable

from tests.corpus.case import Bytes, Case, Files, bent, forger, format_zip, thief
from tests.disclosures.bent import PROOFS, edit

PROOF = "data/proofs/3.tlog-proof"
HASH = 2
"""Line of a proof at which its first hash stands."""


def lines(path: str, change: Callable[[list[str]], object]) -> Bytes:
    """The lines of a text changed."""

    def bend(files: Files) -> None:
        found = files[path].decode().split("\n")
        change(found)
        files[path] = "\n".join(found).encode()

    return bent(bend)


def proof(change: Callable[[list[str]], object]) -> Bytes:
    """The lines of entry 3's proof changed."""
    return lines(PROOF, change)


def noted(change: Callable[[str], str]) -> Bytes:
    """The checkpoint changed, in every place where it stands."""

    def bend(files: Files) -> None:
        old = files["data/checkpoint"].decode()
        new = change(old)
        assert new != old
        for path in [p for p in files if p == "data/checkpoint" or p.startswith("data/proofs/")]:
            files[path] = files[path].replace(old.encode(), new.encode())

    return bent(bend)


def flipped(text: str, at: int) -> str:
    """Base64 of the same bytes but for one bit."""
    raw = bytearray(b64decode(text))
    raw[at] ^= 1
    return b64encode(raw).decode()


def line(number: int, change: Callable[[str], str | None]) -> Bytes:
    """A line of the checkpoint changed, or left out."""

    def whole(note: str) -> str:
        found = note.split("\n")
        new = change(found[number])
        return "\n".join([*found[:number], *([] if new is None else [new]), *found[number + 1 :]])

    return noted(whole)


def signature(at: int) -> Callable[[str], str]:
    """One bit of a signature line."""

    def change(text: str) -> str:
        before, _, encoded = text.rpartition(" ")
        return f"{before} {flipped(encoded, at)}"

    return change


def older() -> bytes:
    """Every proof under the honest checkpoint of a smaller tree, which the bundle shows as its own."""
    return format_zip(forger().files(lambda f: f.update({"data/checkpoint": forger().lab.note(40).encode()})))


def stolen() -> bytes:
    """The same head, signed by a log of the same name with other keys."""
    made = forger()
    made.lab.log = thief().log
    return format_zip(made.files())


def half_thief() -> bytes:
    """The real Ed25519 line beside the thief's ML-DSA-44 line."""
    mine = forger().lab.note().split("\n")
    other = forger()
    other.lab.log = thief().log
    theirs = other.lab.note().split("\n")

    def bend(files: Files) -> None:
        old, new = "\n".join(mine), "\n".join([*mine[:5], theirs[5], *mine[6:]])
        for path in [p for p in files if p == "data/checkpoint" or p.startswith("data/proofs/")]:
            files[path] = files[path].replace(old.encode(), new.encode())

    return format_zip(forger().files(bend))


CASES = [
    Case("proof-of-another-version", proof(lambda p: p.__setitem__(0, "c2sp.org/tlog-proof@v2")), "proof-form"),
    Case("proof-empty", bent(lambda f: f.update({PROOF: b""})), "proof-form"),
    Case("proof-no-text", bent(lambda f: f.update({PROOF: b"\xff\xfe"})), "proof-form"),
    Case("proof-with-carriage-returns", proof(lambda p: p.__setitem__(0, p[0] + "\r")), "proof-form"),
    Case("proof-with-an-extra-line", proof(lambda p: p.insert(1, "extra AA==")), "proof-form"),
    Case("proof-of-another-index", proof(lambda p: p.__setitem__(1, "index 4")), "proof-index"),
    Case("proof-index-with-a-zero", proof(lambda p: p.__setitem__(1, "index 03")), "proof-form"),
    Case("proof-index-negative", proof(lambda p: p.__setitem__(1, "index -3")), "proof-form"),
    Case("proof-index-beyond-64-bits", proof(lambda p: p.__setitem__(1, "index 36893488147419103235")), "proof-form"),
    Case("proof-hash-altered", proof(lambda p: p.__setitem__(HASH, flipped(p[HASH], 0))), "proof-mismatch"),
    Case("proof-hash-left-out", proof(lambda p: p.pop(HASH)), "proof-too-short"),
    Case("proof-hash-too-many", proof(lambda p: p.insert(HASH, p[HASH])), "proof-too-long"),
    Case("proof-hashes-swapped", proof(lambda p: p.__setitem__(slice(HASH, HASH + 2), p[HASH : HASH + 2][::-1])), "proof-mismatch"),
    Case("proof-hash-of-31-bytes", proof(lambda p: p.__setitem__(HASH, b64encode(bytes(31)).decode())), "proof-form"),
    Case("proof-hash-unpadded", proof(lambda p: p.__setitem__(HASH, p[HASH].rstrip("="))), "proof-form"),
    Case("proof-hash-with-loose-last-bits", proof(lambda p: p.__setitem__(HASH, p[HASH][:-2] + "/=")), "proof-form"),
    Case("proof-of-a-hundred-thousand-hashes", proof(lambda p: p.__setitem__(slice(HASH, HASH), [p[HASH]] * 100_000)), "proof-form"),
    Case("proof-under-another-checkpoint", lines(PROOF, lambda p: p.__setitem__(slice(p.index("") + 1, None), forger().lab.note(40).split("\n"))), "proof-checkpoint"),
    Case("proof-without-a-checkpoint", proof(lambda p: p.__setitem__(slice(p.index(""), None), [""])), "proof-form"),
    Case("checkpoint-of-a-smaller-tree", older, "proof-checkpoint"),
    Case("checkpoint-of-another-name", line(0, lambda _t: "dev/other"), "checkpoint-origin"),
    Case("checkpoint-size-altered", line(1, lambda _t: "50"), "statement-mismatch"),
    Case("checkpoint-size-of-zero", line(1, lambda _t: "0"), "checkpoint-malformed"),
    Case("checkpoint-size-with-a-zero", line(1, lambda _t: "049"), "checkpoint-malformed"),
    Case("checkpoint-root-altered", line(2, lambda t: flipped(t, 5)), "statement-mismatch"),
    Case("checkpoint-root-of-31-bytes", line(2, lambda _t: b64encode(bytes(31)).decode()), "checkpoint-malformed"),
    Case("checkpoint-with-an-extension-line", line(3, lambda _t: "note: nobody signs this for ML-DSA\n"), "checkpoint-malformed"),
    Case("checkpoint-unsigned", noted(lambda n: n[: n.index("\n\n") + 2]), "checkpoint-malformed"),
    Case("checkpoint-without-ed25519", line(4, lambda _t: None), "checkpoint-signature"),
    Case("checkpoint-without-ml-dsa", line(5, lambda _t: None), "checkpoint-signature"),
    Case("checkpoint-ed25519-altered", line(4, signature(20)), "checkpoint-signature"),
    Case("checkpoint-ml-dsa-altered", line(5, signature(90)), "checkpoint-signature"),
    Case("checkpoint-ml-dsa-of-another-time", line(5, signature(11)), "checkpoint-signature"),
    Case("checkpoint-signed-by-a-thief", stolen, "checkpoint-signature"),
    Case("checkpoint-half-signed-by-a-thief", half_thief, "checkpoint-signature"),
    Case("checkpoint-with-carriage-returns", noted(lambda n: n.replace("\n", "\r\n")), "checkpoint-malformed"),
    Case("checkpoint-with-a-hyphen-for-the-dash", noted(lambda n: n.replace("\u2014", "-")), "checkpoint-malformed"),
    Case("checkpoint-with-a-thousand-lines", noted(lambda n: n + "\u2014 witness.example AAAAAAAA\n" * 1000), "checkpoint-malformed"),
    Case("consistency-path-cut", bent(edit(PROOFS, lambda v: v["proofs"][0]["path"].pop())), "consistency-form"),
    Case("consistency-hash-altered", bent(edit(PROOFS, lambda v: v["proofs"][0]["path"].__setitem__(0, "ab" * 32))), "root-differs", "DIVERGED"),
    Case("consistency-beyond-the-log", bent(edit(PROOFS, lambda v: v["proofs"].append({"path": [], "size": 60}))), "consistency-form"),
    Case("consistency-of-size-zero", bent(edit(PROOFS, lambda v: v["proofs"].insert(0, {"path": [], "size": 0}))), "consistency-form"),
    Case("consistency-twice", bent(edit(PROOFS, lambda v: v["proofs"].append(v["proofs"][0]))), "consistency-form"),
    Case("consistency-asked-for-and-not-there", bent(edit("data/request.json", lambda v: v.update(since=[1, 5]))), "consistency-missing"),
    Case("consistency-left-out-for-the-pin", bent(edit(PROOFS, lambda v: v["proofs"].clear())), "consistency-missing"),
]  # fmt: skip
