"""A world in which each of the later facts was said once, for the tests of their folds and rules."""

from typing import Any

import msgspec

from ledger.event import Event
from ledger.fields import Reference
from ledger.trust import Grant
from policies.framework import pack_digest
from policies.rules import RULES
from tests.policies.world import World
from tests.vectors.life import act, live, reference

RSP = "anthropic-rsp-2.2"
LAW = f"framework/{act().id}"
OWN = f"framework/{RSP}"


class Lived(World):
    """`first` holds the first event of each type; `law` is the digest of a fictional law that nobody adopted."""

    def __init__(self) -> None:
        self.first: dict[str, Event] = {}
        super().__init__(RSP)
        self.law = pack_digest(act())
        self.model()
        self.attest("ASL-3-SECURITY")
        self.document("safety-case")
        self.ask_to()
        self.approve("ceo", [])
        made = self.say("decision.made", self.decided())
        start = {k: self.requested()[k] for k in ("action", "artifact", "audience", "hosts", "surfaces")}
        self.deploy = {**start, "decision": reference(made)}
        self.say("deployment.started", self.deploy)
        live(self.say, self.first.__getitem__, self.pack, self.digest, "model/m")

    def say(
        self, name: str, body: Any, stream: str = "model/m", by: str = "someone", keyid: str | None = None
    ) -> Event:
        event = super().say(name, body, stream, by, keyid)
        self.first.setdefault(name, event)
        return event

    def ref(self, name: str) -> dict[str, Any]:
        return reference(self.first[name])

    def again(
        self, name: str, *, causes: tuple[str, ...] = (), stream: str = "", by: str = "someone", **more: Any
    ) -> str | None:
        """What the rules say to the first event of a type, said once more with some members changed; `None` as a value leaves one
        out. `causes` are types of events."""
        old = self.first[name]
        body = {**msgspec.to_builtins(old.body), **more}
        event = self.event(name, {k: v for k, v in body.items() if v is not None}, stream or old.stream, by)
        named = tuple(msgspec.convert(self.ref(c), Reference) for c in causes)
        refused = RULES.refusal(self.state, msgspec.structs.replace(event, causes=named))
        return None if refused is None else refused.reason.value

    def hold(self, who: str, role: str, *streams: str) -> str:
        """Bind `who` to a role of the lab's own pack, for some streams."""
        self.state.put("packrole", f"{RSP}|{role}|{who}", Grant("approver", streams, (), None, 0))
        return who
