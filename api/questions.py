"""Questions to a ledger behind HTTP, and the server's answers: asked and read here, not proven (that is `api.client`)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from api.book import Book
from api.owed import Wanted, query_of
from api.replica import Replica
from api.replies import fault_of, json_of, model_path, reading
from api.transport import Reply, Transport
from api.what_if import Hypothesis
from disclosures.decided import cursor_of
from ledger.errors import Fault, Malformed
from ledger.state import State
from policies.answer import Answer, AsOf, Clearance, Finding, PolicyVerdict, Request

ROLES = ("decision_by", "inform_before", "recommendation_by")
KEY_FIELDS = ("keyid", "principal", "use", "alg", "index", "revoked_at")
MEMBERS = {"diff": "changes", "why": "actions"}
"""What an answer carries beside its position, where it is not named as the question is."""


class Questions(Book):
    """The half of the client that asks; `Client` adds what is signed, sent and verified."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._replica = Replica(lambda path: self._get(path).body)

    @reading
    def known(self, *streams: str) -> State:
        """Trust, frameworks, and the facts of `streams`, folded here from the server's entries."""
        listed = json_of(self._get("/v1/frameworks"))["frameworks"]
        return self._replica.catch_up((*(f"framework/{f['id'].lower()}" for f in listed), *streams))

    @reading
    def ask(self, request: Request, at: int | str | None = None) -> tuple[PolicyVerdict, Clearance, AsOf]:
        """The server's answer."""
        query: list[tuple[str, str]] = [("fact", f"{n}={v}") for n, v in request.facts]
        for name, values in (("surface", request.surfaces), ("host", request.hosts),
                             ("jurisdiction", request.jurisdictions)):  # fmt: skip
            query += [(name, v) for v in values]
        query += [(n, v) for n, v in (("artifact", request.artifact), ("audience", request.audience)) if v is not None]
        said = self._fold(f"{model_path(request.stream)}/gate/{quote(request.action, safe='')}", at, query)
        findings = tuple(
            Finding(f["pack"], f["clause"], f["ref"], f["requirement"], f["state"], f["why"], tuple(f["indexes"]))
            for f in said["findings"]
        )
        reasons = tuple(said.get("verdict_reasons", ()))
        pairs = {n: tuple((d["pack"], d["role"]) for d in said.get(n, ())) for n in ROLES}
        verdict = PolicyVerdict(
            Answer(said["verdict"]), reasons, findings, tuple(said["conditions"]), (), pairs["decision_by"],
            pairs["inform_before"], pairs["recommendation_by"], tuple(said.get("laws", ())),
        )  # fmt: skip
        clearance = Clearance(
            Answer(said["clearance"]), tuple(said["reasons"]), tuple(said["conditions"]), said["decision"],
            said["divergence"], tuple(said["missing"]),
        )  # fmt: skip
        return verdict, clearance, AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @reading
    def status(self, model: str, at: int | str | None = None) -> tuple[dict[str, Any], AsOf]:
        """The server's answer; empty where it knows no such model."""
        try:
            said = self._fold(model_path(model), at)
        except Fault as err:
            if err.code != "not-found":
                raise
            return {}, AsOf(self.checkpoint()["size"], self.now())
        return said["actions"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @reading
    def decisions(
        self, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The server's answer."""
        query = [("limit", str(limit))] + ([] if after is None else [("after", after)])
        found: list[dict[str, Any]] = self._fold("/v1/decisions", at, query)["decisions"]
        return found, cursor_of(found[-1]) if len(found) == limit else None

    @reading
    def decision(self, ref: str, at: int | str | None = None) -> dict[str, Any]:
        """The server's answer."""
        found: dict[str, Any] = self._fold(f"/v1/decisions/{quote(ref, safe='')}", at)
        return found

    @reading
    def break_glass(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer, which everyone may read."""
        found: list[dict[str, Any]] = self._fold("/v1/keys", at, [("limit", "1")])["break_glass"]
        return found

    @reading
    def without_decision(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer."""
        found: list[dict[str, Any]] = self._fold("/v1/decisions", at, [("limit", "1")])["without_decision"]
        return found

    @reading
    def obligations(
        self, wanted: Wanted, at: int | str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[list[dict[str, Any]], AsOf, str | None]:
        """The server's answer."""
        more = [("limit", str(limit)), *([("after", after)] if after is not None else [])]
        said = self._fold("/v1/obligations", at, [*query_of(wanted), *more])
        rows: list[dict[str, Any]] = said["obligations"]
        last = rows[-1] if len(rows) == limit else None
        following = None if last is None else f"{last['due_latest'] or '~'}|{last['key']}"
        return rows, AsOf(said["as_of"]["size"], said["as_of"]["time"]), following

    def calendar(self, wanted: Wanted, at: int | str | None = None) -> bytes:
        """The server's feed."""
        pairs = [*query_of(wanted), *([("at", str(at))] if at is not None else [])]
        return self._get("/v1/obligations.ics" + (f"?{urlencode(pairs)}" if pairs else "")).body

    @reading
    def incidents(self, at: int | str | None = None, after: str = "") -> tuple[list[dict[str, Any]], AsOf]:
        """The server's answer."""
        said = self._fold("/v1/incidents", at, [("after", after)] if after else [])
        return said["incidents"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @reading
    def incident(self, stream: str, at: int | str | None = None) -> tuple[dict[str, Any] | None, AsOf]:
        """The server's answer."""
        try:
            said = self._fold(f"/v1/incidents/{quote(stream.removeprefix('incident/'), safe='/')}", at)
        except Fault as err:
            if err.code != "not-found":
                raise
            return None, AsOf(self.checkpoint()["size"], self.now())
        return said["incident"], AsOf(said["as_of"]["size"], said["as_of"]["time"])

    @reading
    def about(
        self, question: str, model: str, at: int | str | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any] | None:
        """The server's answer, page after page; `None` where it knows no such model."""
        path = "/v1/frameworks/timeline" if question == "timeline" else f"{model_path(model)}/{question}"
        asked = list((query or {}).items())
        if question == "diff" and at is not None:
            asked, at = [*asked, ("to", str(at))], None
        try:
            said: dict[str, Any] = self._fold(path, at, asked)
            rows, size, _ = said, said["as_of"]["size"], said[MEMBERS.get(question, question)]
            while rows.get("next") is not None:
                fixed = [*asked, ("after", str(rows["next"]))]
                rows = self._fold(path, size if at is None else at, fixed)
                said[question] += rows[question]
        except Fault as err:
            if err.code != "not-found":
                raise
            return None
        return said

    def suppose(
        self,
        events: Sequence[Mapping[str, Any]],  # noqa: ARG002  # the signature of what it refuses
        at: int | str | None = None,  # noqa: ARG002  # as above
    ) -> Hypothesis:
        """Refused: what is not recorded is judged where the ledger lies, and handed to nobody."""
        raise Fault(
            "usage", "failed", "a hypothesis is judged on the ledger's own folder", "leave out --server; use --data"
        )

    @reading
    def keys(self, at: int | str | None = None) -> list[dict[str, Any]]:
        """The server's answer."""
        return [{name: row[name] for name in KEY_FIELDS} for row in self._fold("/v1/keys", at)["keys"]]

    def _get(self, path: str) -> Reply:
        reply = self._transport.send("GET", path)
        if reply.status != 200:
            raise fault_of(reply)
        return reply

    def _fold(self, path: str, at: int | str | None, query: Sequence[tuple[str, str]] = ()) -> Any:
        pairs = [*query, *([("at", str(at))] if at is not None else [])]
        said = json_of(self._get(path + (f"?{urlencode(pairs)}" if pairs else "")))
        if not isinstance(said, dict):
            raise Malformed("answer", "body", "schema")
        return said
