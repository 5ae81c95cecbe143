"""A bundle read, and its checks against checkpoint, statement and keys."""

from __future__ import annotations

import re

from disclosures.one_file.container import check_bag
from disclosures.one_file.entry import Entry
from disclosures.one_file.note import check_note, parse_note
from disclosures.one_file.signatures import verified
from disclosures.one_file.strict import Bad, base64_of, fits, need, parse_json, shaped
from disclosures.one_file.tables import PARTS, SHAPES, Json
from disclosures.one_file.tree import included
from disclosures.one_file.trust import Trust


class Bundle:
    """A bundle read: its members, entries by index, and the checks made so far."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files, self.checks, self.notes = files, list[tuple[str, str, str, str, int | None]](), list[str]()
        self.statement = check_bag(files)
        need(all(f"data/{n}.json" in files for n in PARTS), "bag-missing", "a member of data/ is missing")
        need({"data/checkpoint", "data/keys"} <= files.keys(), "bag-missing", "data/checkpoint or data/keys")
        self.part = {n: parse_json(files[f"data/{n}.json"], f"{n}-form") for n in PARTS}
        for name, shape in SHAPES.items():
            need(fits(self.part[name], shape), f"{name}-form", f"{name}.json is not of its form")
        need(self.part["request"].get("absent") != [], "request-form", "request.json: absent is left out where empty")
        self.origin, self.size, self.root, _ = parse_note(files["data/checkpoint"])
        self.entries: dict[int, Entry] = {}
        known = {"data/checkpoint", "data/keys", "data/report.html", *(f"data/{n}.json" for n in PARTS)}
        for path in sorted(files, key=lambda p: (len(p), p)):
            match = re.fullmatch(r"data/events/(0|[1-9][0-9]{0,15})\.json", path)
            if match:
                n = int(match[1])
                side = [f"data/proofs/{n}.tlog-proof", f"data/disclosures/{n}.jsonl"]
                need(side[0] in files, "proof-missing", f"entry {n} has no proof", n)
                known |= {path, *side}
                self.entries[n] = Entry(n, files[path], files.get(side[1]))
        packs = {p for p in files if re.fullmatch(r"data/frameworks/[0-9a-f]{64}\.json", p)}
        stamps = {
            p for p in files if re.fullmatch(r"data/timestamps/[1-9][0-9]{0,15}\.[0-9a-f]{64}\.[1-9][0-9]?\.tsr", p)
        }
        if stamps:
            self.notes.append(f"timestamps: {len(stamps)} tokens are there, and this verifier reads none")
        extra = sorted(p for p in files if p.startswith("data/") and p not in known | packs | stamps)
        need(not extra, "bag-extra", ", ".join(extra[:3]))
        self.packs = {p[16:80]: files[p] for p in packs}
        self.order = [self.entries[n] for n in sorted(self.entries)]

    def stream(self, name: str) -> list[Entry]:
        """The shown entries of a stream, in order."""
        return [e for e in self.order if e.stream == name]


def check_proofs(bundle: Bundle) -> str:
    """Every entry in the tree of the one checkpoint."""
    note = bundle.files["data/checkpoint"]
    for one in bundle.order:
        head, blank, tail = bundle.files[f"data/proofs/{one.index}.tlog-proof"].partition(b"\n\n")
        lines, i = head.decode("latin-1").split("\n"), one.index
        need(blank and len(lines) >= 2 and lines[0] == "c2sp.org/tlog-proof@v1", "proof-form", f"entry {i}", i)
        need(tail == note, "proof-checkpoint", f"entry {i} is proven under another checkpoint", i)
        need(lines[1] == f"index {i}", "proof-index", f"the proof of entry {i} is for another", i)
        path = [base64_of(line, "proof-form") for line in lines[2:]]
        need(all(len(h) == 32 for h in path) and i < bundle.size, "proof-form", f"entry {i}", i)
        root = included(bytes.fromhex(one.leaf), i, bundle.size, path)
        need(root == bundle.root, "proof-mismatch", f"entry {i} is not in the tree", i)
    return f"{len(bundle.order)} entries stand in the tree of {bundle.size}"


def check_said(bundle: Bundle) -> str:
    """Statement, request and claims speak of this checkpoint, ledger, profile and recipient."""
    said, request, claims = bundle.statement, bundle.part["request"], bundle.part["claims"]
    head = {"root": bundle.root.hex(), "size": bundle.size}
    need(0 in bundle.entries, "gap", "entry 0 is not shown", 0)
    same = (said["checkpoint"], said["ledger"], said["founding"]) == (head, bundle.origin, bundle.entries[0].leaf)
    need(same, "statement-mismatch", "the statement is for another checkpoint or ledger")
    named = (request["profile"].get("id"), request["recipient"], request["first"], request["last"])
    shown = (said["profile"], said["recipient"], bundle.order[0].index, bundle.order[-1].index)
    need(named == shown, "statement-mismatch", "the request is for another profile, recipient or range")
    for_this = (bundle.origin, said["founding"], request["subject"], bundle.size)
    claimed = (claims["ledger"], claims["founding"], claims["subject"], claims["as_of"]["size"])
    late = bundle.order[-1].recorded_at <= claims["as_of"]["time"]
    need(claimed == for_this and late, "claims-mismatch", "the claims are for another position")
    return "request, claims and statement agree"


def check_signed(bundle: Bundle, trust: Trust) -> str:
    """The engine's live key signed the list of all files."""
    line = shaped(parse_json(bundle.files["bundle.sig"], "statement-form"), "statement-form", "keyid payloadType sig")
    need(line["payloadType"] == "application/vnd.in-toto+json", "statement-form", "another payload type")
    at, payload = bundle.part["claims"]["as_of"]["time"], bundle.files["bundle.json"]
    try:
        who = trust.alive(line["keyid"], at, "engine", 0)
    except Bad as err:
        raise Bad("statement-key", err.detail) from None
    need(trust.grant(who, "engine", at), "statement-key", f"{who} is no engine")
    key, message = trust.keys[line["keyid"]], b"DSSEv1 28 application/vnd.in-toto+json %d " % len(payload) + payload
    signature = base64_of(line["sig"], "statement-form")
    need(verified(key["raw"], key["alg"], message, signature), "statement-signature", "the statement's signature")
    return f"{len(bundle.files) - 2} files, listed and signed by {who}"


def check_checkpoint(bundle: Bundle, trust: Trust, pin: dict[str, Json] | None) -> str:
    """Signed by the log's keys in force, which follow from entry 0; `data/keys` is compared and never used."""
    vkeys = trust.meta["vkeys"]
    need(bundle.files["data/keys"] == "".join(f"{v}\n" for v in vkeys).encode(), "keys-mismatch", "data/keys")
    need(bundle.origin == trust.meta["origin"], "checkpoint-origin", "the checkpoint is of another origin")
    ours = pin is not None and (pin["origin"], pin["founding"]) == (bundle.origin, trust.meta["founding"])
    if pin is not None and ours:
        size = parse_note(pin["checkpoint"].encode())[1]
        then = [keys for since, keys in trust.meta["log"] if since <= size][-1]
        need(size > bundle.size or set(pin["vkeys"]) <= set(then), "keys-mismatch", "the pin's log keys are others")
    check_note(bundle.files["data/checkpoint"], vkeys, "checkpoint-signature", every=True)
    return "Ed25519 and ML-DSA-44 signatures verify under the keys that entry 0 and its successors name"


def check_admission(bundle: Bundle, trust: Trust) -> str:
    """Every entry, in order of index."""
    for one in bundle.order:
        trust.admit(one)
    bundle.notes.append("rules of event types, separation of duties, the schema of each body: run holdpoint verify")
    return f"{len(bundle.order)} entries: signatures, keys, roles and quorum as of each index"
