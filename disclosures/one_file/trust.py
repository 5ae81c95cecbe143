"""Keys, roles and quorums, by the shown entries of stream `ledger`."""

from __future__ import annotations

from hashlib import sha256

from disclosures.one_file.entry import Entry
from disclosures.one_file.signatures import sound, verified
from disclosures.one_file.strict import Bad, base64_of, need
from disclosures.one_file.tables import Json


class Trust:
    """Keys, roles and the root, as the shown stream `ledger` tells; checked entry by entry, as of each index."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Json]] = {}
        self.grants: dict[tuple[str, str], dict[str, Json]] = {}
        self.meta: dict[str, Json] = {"frozen": False, "log": []}
        self.time, self.ids = "", set[str]()

    def enter(self, body: dict[str, Json], index: int) -> None:
        """A key record: sound, of its algorithm, named by its digest, registered once."""
        spki = base64_of(body["spki"], "key-weak")
        need(sha256(spki).hexdigest() == body["keyid"], "key-unknown", "a key id is not its key's digest", index)
        need(body["alg"] != "ed25519" or sound(spki[-32:]), "key-weak", "a weak key", index)
        need(body["keyid"] not in self.keys, "key-known", "a key is registered twice", index)
        self.keys[body["keyid"]] = {**body, "raw": spki, "revoked": None}

    def alive(self, keyid: str, at: str, use: str, index: int) -> str:
        """The owner of a key that is alive at this index and time, for this use."""
        key = self.keys.get(keyid)
        if key is None:
            raise Bad("key-unknown", f"entry {index}: key {keyid} is not registered", index)
        need(key["revoked"] is None, "key-revoked", f"entry {index}: key {keyid} is revoked", index)
        within = str(key.get("not_before") or "") <= at <= str(key.get("not_after") or "~")
        need(within, "key-expired", f"entry {index}: key {keyid} is not valid at {at}", index)
        need(key["use"] == use, "key-use", f"entry {index}: key {keyid} is for {key['use']}", index)
        return str(key["principal"])

    def grant(self, who: str, role: str, at: str) -> dict[str, Json] | None:
        """A role that stands at this time."""
        found = self.grants.get((who, role))
        return found if found is not None and at <= str(found.get("valid_until") or "~") else None

    def admit(self, one: Entry) -> None:
        """Audience, order, signatures, keys, roles and quorum of an entry; then what it changes."""
        i, said, body = one.index, one.predicate, one.predicate["body"]
        founded = one.type == "ledger.founded"
        need((i == 0) == founded, "not-founded", "entry 0, and only entry 0, founds the ledger", i)
        audience = (body["origin"], "") if founded else (self.meta["origin"], self.meta["founding"])
        need((said["ledger"], said["founding"]) == audience, "wrong-ledger", f"entry {i} is for another ledger", i)
        need(one.recorded_at >= self.time, "recorded-at-falls", f"entry {i} was recorded before an earlier one", i)
        need(said["event_id"] not in self.ids, "event-id-conflict", f"entry {i} repeats an event id", i)
        self.time = one.recorded_at
        self.ids.add(said["event_id"])
        keyids = [k for k, _ in one.signatures]
        holds = keyids == one.signers == sorted(set(keyids))
        need(holds, "signers-mismatch", f"entry {i}: other keys than its signers", i)
        carried = {k["keyid"]: k for k in body["keys"]} if one.type in ("ledger.founded", "root.rotated") else {}
        carried |= {body["keyid"]: body} if one.type == "key.registered" else {}
        message = b"DSSEv1 28 application/vnd.in-toto+json %d " % len(one.payload) + one.payload
        for keyid, signature in one.signatures:
            record = self.keys.get(keyid) or carried.get(keyid)
            if record is None:
                raise Bad("key-unknown", f"entry {i}: key {keyid} is not registered", i)
            good = verified(base64_of(record["spki"], "key-weak"), str(record["alg"]), message, signature)
            need(good, "signature-invalid", f"entry {i}: the signature of key {keyid} does not verify", i)
        if founded:
            need(sorted(carried) == keyids, "founding-malformed", "entry 0 is signed by the keys that it lists", i)
            need(body["rules"] == "holdpoint-rules/1", "rules-unknown", "this copy knows holdpoint-rules/1", i)
        elif one.derived:
            need(len(keyids) == 1, "signers-mismatch", f"entry {i}: the engine's key alone", i)
            who = self.alive(keyids[0], one.recorded_at, "engine", i)
            need(self.grant(who, "engine", one.recorded_at), "role-missing", f"entry {i}: {who} is no engine", i)
        else:
            need(not self.meta["frozen"] or one.roles == ["root"], "ledger-frozen", f"entry {i} in a frozen ledger", i)
            self.authorise(one, carried)
        self.fold(one, carried)

    def authorise(self, one: Entry, carried: dict[str, dict[str, Json]]) -> None:
        """Enough distinct principals, each with a role for this type, stream and action, or of the root."""
        i, at, body, voters = one.index, one.recorded_at, one.predicate["body"], set()
        if one.roles == ["root"]:
            for keyid in one.signers:
                if keyid in self.keys or keyid not in carried:
                    voters.add(self.alive(keyid, at, "root", i))
            need(set(carried) <= set(one.signers), "proof-of-possession", f"entry {i}: a new root key does not sign", i)
            need(len(voters) >= self.meta["root_threshold"], "quorum-short", f"entry {i}: too few of the root", i)
            return
        compromised = one.type == "key.revoked" and body["reason"] == "compromised"
        own = {body["keyid"]} if one.type in ("key.registered", "key.revoked") and not compromised else set()
        streams = [one.stream, *(body.get("subjects", []) if one.type == "threshold.determined" else [])]
        for keyid in one.signers:
            if keyid in carried and keyid not in self.keys:
                need(keyid in own, "key-unknown", f"entry {i}: key {keyid}", i)
                continue
            who = self.alive(keyid, at, "event", i)
            if keyid in own:
                continue
            grants = [g for role in one.roles if (g := self.grant(who, role, at)) is not None]
            need(grants, "role-missing", f"entry {i}: {who} holds no role {' or '.join(one.roles)}", i)
            reach = [g for g in grants if all(any(within(s, p) for p in g["streams"]) for s in streams)]
            acts = "action" not in body or any(body["action"] in g.get("actions", []) for g in reach)
            need(reach and acts, "scope-mismatch", f"entry {i}: the role of {who} does not reach that far", i)
            voters.add(who)
        if one.type == "key.registered":
            need(body["keyid"] in one.signers, "proof-of-possession", f"entry {i}: the new key does not sign", i)
        if not (one.type == "key.revoked" and own & set(one.signers)):
            need(len(voters) >= (2 if compromised else one.quorum), "quorum-short", f"entry {i}: too few signed", i)

    def fold(self, one: Entry, carried: dict[str, dict[str, Json]]) -> None:
        """What a trust event changes from the next index on."""
        body, i, kind = one.predicate["body"], one.index, one.type
        if kind == "ledger.founded":
            self.meta |= {k: body[k] for k in ("origin", "root_threshold", "vkeys")} | {"founding": one.leaf}
            self.meta["log"] = [(0, body["vkeys"])]
            for key in body["keys"]:
                self.enter(key, i)
                if key.get("role"):
                    reach = ["ledger"] if key["role"] == "key-admin" else ["model/", "ledger", "framework/"]
                    self.grants[key["principal"], key["role"]] = {"streams": reach}
        elif kind == "key.registered":
            self.enter(body, i)
        elif kind == "key.revoked":
            need(body["keyid"] in self.keys, "key-unknown", f"entry {i} revokes an unknown key", i)
            self.keys[body["keyid"]]["revoked"] = i
        elif kind == "role.granted":
            if self.grant(body["principal"], body["role"], one.recorded_at) is None:
                self.grants[body["principal"], body["role"]] = body
        elif kind == "role.revoked" and not body.get("pack_role"):
            self.grants.pop((body["principal"], body["role"]), None)
        elif kind == "root.rotated":
            for keyid, key in self.keys.items():
                if key["use"] == "root" and keyid not in carried:
                    key["revoked"] = i
            for keyid, key in carried.items():
                if keyid not in self.keys:
                    self.enter(key, i)
            self.meta["root_threshold"] = body["root_threshold"]
        elif kind == "log.rotated":
            self.meta["vkeys"] = body["vkeys"]
            self.meta["log"].append((i + 1, body["vkeys"]))
        elif kind == "rules.adopted":
            raise Bad("rules-unknown", f"entry {i} adopts rules that this copy does not know", i)
        elif kind in ("ledger.frozen", "ledger.restored"):
            self.meta["frozen"] = kind == "ledger.frozen"


def within(stream: str, prefix: str) -> bool:
    """Whether a stream lies below a prefix, which ends at a `/` boundary."""
    return stream.startswith(prefix) and (prefix.endswith("/") or stream[len(prefix) :][:1] in ("", "/"))
