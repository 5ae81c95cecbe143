"""One shown entry, and what is disclosed of it."""

from __future__ import annotations

import base64
import re
from hashlib import sha256

from disclosures.one_file.strict import base64_of, base64url_of, fits, need, parse_json, shaped
from disclosures.one_file.tables import DIGITS, ENTRY, INSIDE, TABLE, Json
from disclosures.one_file.tree import leaf_of


def filled(value: dict[str, Json], many: int, code: str, index: int) -> None:
    """The `_sd` of an object is that many distinct digests, ascending; none at all where it has none."""
    digests = value.get("_sd", [])
    texts = isinstance(digests, list) and all(isinstance(d, str) for d in digests)
    need(texts and len(digests) == many and digests == sorted(set(digests)), code, f"an _sd of entry {index}", index)


class Entry:
    """An entry: its leaf, place, statement and signatures, with what is disclosed put back into `body`."""

    def __init__(self, index: int, raw: bytes, disclosed: bytes | None) -> None:
        code = "entry-form"
        need(len(raw) <= 65_535, code, "too large", index)
        value = parse_json(raw, code)
        need(fits(value, ENTRY), code, "its form", index)
        envelope, place, self.recorded_at = value["envelope"], value["stream"], value["recorded_at"]
        self.index, self.leaf = index, leaf_of(raw).hex()
        self.previous, self.version = place["previous"], place["version"]
        need((self.version == 1) == (self.previous == ""), code, "its place in its stream", index)
        self.payload = base64_of(envelope["payload"], code)
        self.signatures = [(s["keyid"], base64_of(s["sig"], code)) for s in envelope["signatures"]]
        need(1 <= len(self.signatures) <= 24 and len(self.payload) <= 49_152, code, "its size", index)
        statement = shaped(parse_json(self.payload, code), code, "_type predicate predicateType subject")
        match = re.fullmatch(r"urn:holdpoint:event:([a-z.-]+):1", str(statement["predicateType"]))
        holds = match and match[1] in TABLE
        need(holds, "type-unknown", f"entry {index} is of a type that this copy does not know", index)
        self.type = match[1] if match else ""
        self.roles, self.quorum, self.slots, self.withholdable = TABLE[self.type]
        said = shaped(
            statement["predicate"], code, "_sd_alg body event_id founding ledger occurred_at signers stream",
            "back_recorded causes evidence expected_version known_at",
        )  # fmt: skip
        need(said["_sd_alg"] == "sha-256" and isinstance(said["body"], dict), code, "its predicate", index)
        self.predicate, self.stream, self.signers = said, str(said["stream"]), said["signers"]
        subject, shape = statement["subject"], [{"digest": {"sha256": DIGITS}, "name": "_"}]
        need(fits(subject, shape) and len(subject) == 1, code, "its subject", index)
        self.subject = subject[0]["digest"]["sha256"]
        self.body, self.disclosed, self.inner = dict(said["body"]), set[str](), INSIDE[self.type]
        self.derived = self.roles == ["!"] or (self.type == "threshold.determined" and self.body.get("made") == "rule")
        self.open(disclosed)

    def open(self, disclosed: bytes | None) -> None:
        """Check the `_sd` slots, and put back what is disclosed; anything that does not fit is refused (RFC 9901 §7.1)."""
        sealed, i = self.predicate["body"], self.index
        filled(sealed, 0 if self.derived else self.slots, "sd-slots", i)
        self.showing = {n for n, v in sealed.items() if self.inside(n, v, "sd-slots") and n != "_sd"}
        waiting, seen = self.waiting(disclosed), set[str]()

        def take(digest: Json, arity: int) -> list[Json] | None:
            need(isinstance(digest, str) and digest not in seen, "digest-duplicate", f"a digest of entry {i}", i)
            seen.add(digest)
            found = waiting.pop(digest, None)
            need(found is None or len(found) == arity, "disclosure-arity", f"a disclosure of entry {i}", i)
            return found

        def placed(path: tuple[Json, ...], found: list[Json]) -> Json:
            names, _ = self.inner.get(path[0], ((), 0))
            part = path[-1] in names if names else path[0] in self.inner and type(path[-1]) is int
            allowed = path[0] in self.withholdable if len(path) == 1 else len(path) == 2 and part
            need(allowed, "disclosure-name", f"entry {i} discloses a member that its type has not", i)
            self.disclosed.add(path[0])
            if len(path) == 1:
                self.inside(path[0], found[2], "disclosure-slots")
                record = sha256(base64url_of(found[3], "disclosure-form")).hexdigest()
                holds = self.type != "model.registered" or record == self.subject
                need(holds, "disclosure-subject", f"entry {i}: another model's name", i)
            return opened(found[-2], path)

        def opened(value: Json, path: tuple[Json, ...]) -> Json:
            need(len(path) <= 32, "disclosure-form", f"disclosures of entry {i} are nested too deep", i)
            if isinstance(value, dict):
                need(not {"...", "_sd_alg"} & value.keys(), "disclosure-name", f"entry {i} has a reserved name", i)
                whole = {k: opened(v, (*path, k)) for k, v in value.items() if k != "_sd"}
                digests = value.get("_sd", [])
                need(isinstance(digests, list), "disclosure-form", f"an _sd of entry {i}", i)
                for digest in digests:
                    found = take(digest, 4)
                    if found is not None:
                        name = found[1]
                        holds = isinstance(name, str) and name not in ("_sd", "...", "_sd_alg")
                        need(holds, "disclosure-name", f"entry {i}", i)
                        need(name not in whole, "disclosure-name-present", f"entry {i}", i)
                        whole[name] = placed((*path, name), found)
                return whole
            return [element(v, (*path, n)) for n, v in enumerate(value)] if isinstance(value, list) else value

        def element(value: Json, path: tuple[Json, ...]) -> Json:
            if isinstance(value, dict) and "..." in value:
                need(len(value) == 1, "disclosure-form", f"a withheld element of entry {i}", i)
                found = take(value["..."], 3)
                return value if found is None else placed(path, found)
            return opened(value, path)

        self.body = opened(sealed, ())
        need(not waiting, "disclosure-orphan", f"a disclosure belongs nowhere in entry {i}", i)

    def waiting(self, disclosed: bytes | None) -> dict[str, list[Json]]:
        """The disclosures by digest, each with its text at the end: one a line, ascending, none twice."""
        i = self.index
        texts = [] if disclosed is None else disclosed.decode("latin-1").split("\n")
        if disclosed is not None:
            holds = texts.pop() == "" and texts and texts == sorted(set(texts))
            need(holds, "disclosure-form", f"disclosures of entry {i}", i)
        found: dict[str, list[Json]] = {}
        for text in texts:
            value = parse_json(base64url_of(text, "disclosure-form"), "disclosure-form")
            need(isinstance(value, list) and len(value) in (2, 3), "disclosure-arity", f"a disclosure of entry {i}", i)
            need(len(base64url_of(value[0], "disclosure-salt")) == 16, "disclosure-salt", f"a salt of entry {i}", i)
            digest = base64.urlsafe_b64encode(sha256(text.encode("latin-1")).digest()).decode().rstrip("=")
            found[digest] = [*value, text]
        return found

    def inside(self, member: str, value: Json, code: str) -> bool:
        """As many digests in a member as the type fixes: an array with a withheld element has its cap, an object its own `_sd`.
        Whether it shows anything."""
        names, many = self.inner.get(member, ((), 0))
        hidden = [v for v in value if isinstance(v, dict) and "..." in v] if isinstance(value, list) and many else []
        need(not hidden or len(value) == many, code, f"{member} of entry {self.index}", self.index)
        if isinstance(value, dict) and names:
            filled(value, many, code, self.index)
        return not hidden or len(hidden) < len(value)
