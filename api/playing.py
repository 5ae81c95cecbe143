"""Tell a scenario to a development ledger, under a simulated clock: every step is a signed event with a receipt.

Only `dev/` ledgers may simulate their clock (`clock-simulated`); entry 0 says `development: true`, and every page and export too.
"""

import re
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from api.founding import Member, admit_members, found
from api.importers import read_log
from api.recording import import_log
from api.scenario import Scenario, Step, time_of, unrolled
from api.session import Posted, Session
from api.story import bundled_pack
from ledger.errors import Fault
from ledger.events import framework
from ledger.registry import BY_NAME
from ledger.statement import model_subject
from ledger.strict import shift
from policies.binding import binding_packs
from policies.framework import Pack, load_toml, pack_digest, pack_object

STEP = re.compile(r"\{([a-z0-9-]+)\}")
UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


class SimulatedClock:
    """A clock that stands where the scenario puts it."""

    def __init__(self, at: str) -> None:
        self.at = at

    def __call__(self) -> str:
        return self.at


class Player:
    """A scenario being told: names of steps → what the ledger answered."""

    def __init__(
        self, session: Session, clock: SimulatedClock, folder: Path, logs: Path, say: Callable[[str], None]
    ) -> None:
        self.session, self.clock, self.folder, self.logs, self.say = session, clock, folder, logs, say
        self.named: dict[str, Posted] = {}
        self.packs: dict[str, str] = {}
        self.told: list[Posted] = []

    def tell(self, at: str, step: Step) -> None:
        """One step: a log, a pack, or an event. The clock never runs backwards, and moves on a second with each."""
        self.clock.at = max(at, shift(self.clock.at, seconds=1))
        if step.log:
            self._import(step)
            return
        if step.pack:
            self._publish(step)
            return
        kind = BY_NAME.get(step.event)
        if kind is None:
            raise Fault(
                "scenario-event", "failed", f"{step.say}: no event {step.event}", "name a registered event type"
            )
        options: dict[str, Any] = {
            n: time_of(self._text(v)) for n in ("known_at", "occurred_at") if (v := getattr(step, n))
        }
        body = self._filled(step.body)
        if step.event == "model.registered":
            salt = sha256(f"scenario salt, public on purpose: {step.stream}".encode()).digest()[:16]
            record = body["subject"]
            options |= {"subject": model_subject(salt, record["name"], record["weights"]), "subject_salt": salt}
        self._posted(step, self.session.say(kind, body, self._stream(step.stream), step.by, **options))

    def _posted(self, step: Step, posted: Posted) -> None:
        self.told.append(posted)
        if step.name:
            self.named[step.name] = posted
        more = "".join(f" +{e.name}@{e.index}" for e in posted.derived)
        self.say(f"  {posted.index:>4}  {self.clock.at[:10]}  {step.say}{more}")

    def _publish(self, step: Step) -> None:
        own = self.folder / f"{step.pack}.toml"
        pack: Pack = load_toml(own.read_text(), own.name) if own.exists() else bundled_pack(step.pack)
        digest = self.packs[pack.id] = pack_digest(pack)
        body = {"digest": digest, "id": pack.id, "pack": pack_object(pack), "source_digest": pack.source.digest}
        self._posted(step, self.session.say(framework.Published, body, f"framework/{pack.id.lower()}", step.by))

    def _import(self, step: Step) -> None:
        """A real log: the importer reads, signs and records it, and writes the receipt beside the copy."""
        copy = self.session.folder / "logs" / step.log
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(self.logs / step.log, copy)
        for done in import_log(self.session, copy, read_log(copy.read_bytes()), step.model, step.by):
            self._posted(step, done.posted)

    def _stream(self, text: str) -> str:
        """`{NAME}` in a stream's name is the index of the step of that name."""
        return STEP.sub(lambda m: str(self._step(m.group(1)).index), text)

    def _filled(self, value: Any) -> Any:
        match value:
            case str() if value.startswith("$"):
                return self._value(value)
            case dict():
                return {k: self._filled(v) for k, v in value.items()}
            case list():
                return [self._filled(v) for v in value]
            case _:
                return value

    def _text(self, text: str) -> str:
        return str(self._value(text)) if text.startswith("$") else text

    def _value(self, text: str) -> Any:
        kind, _, name = text[1:].partition(":")
        state = self.session.ledger.appender.state
        match kind:
            case "ref":
                return {"index": self._step(name).index, "leaf": self._step(name).leaf}
            case "digest":
                return self._step(name).digest
            case "gate":
                answered = state.get("gate", self._step(name).digest)
                return {"index": answered.index, "leaf": answered.leaf}
            case "pack":
                return self.packs[name]
            case "at":
                return shift(self.clock.at, seconds=int(name[:-1]) * UNITS[name[-1]])
            case "subject":
                return self.session.subject(name)
            case "sha":
                return "sha256:" + sha256(name.encode()).hexdigest()
            case "source":
                return state.get("published", self.packs[name]).pack.source.digest
            case "seen":
                return {"root": self.session.checkpoint()["root"], "size": self.session.checkpoint()["size"]}
            case "root" | "size":
                return self.session.checkpoint()[kind]
            case "binding":
                return sorted(p.digest for p in binding_packs(state, self.clock.at))
            case _:
                raise Fault(
                    "scenario-text", "failed", f"{text} can't be filled in", "see api/scenario.py for the forms"
                )

    def _step(self, name: str) -> Posted:
        if name not in self.named:
            raise Fault("scenario-name", "failed", f"no earlier step is named {name}", "name it in steps.toml")
        return self.named[name]


def play(scenario: Scenario, folder: Path, data: Path, logs: Path, say: Callable[[str], None]) -> Session:
    """Found a ledger in `data` and tell the whole scenario. The session's ledger is open; whoever called closes it."""
    steps = unrolled(scenario.step)
    clock = SimulatedClock(shift(steps[0][0], days=-1))
    ledger = found(data, scenario.origin, clock=clock)
    try:
        say(f"{scenario.title}\nfounded {scenario.origin} in {data} (it persists there); the clock is simulated\n")
        members = [Member(m.id, m.role, m.kind, m.unit) for m in scenario.member]
        posted = admit_members(ledger, members)
        say(f"     0  ledger founded; {len(posted)} entries: {len(members)} principals with keys and roles")
        session = Session(ledger)
        player = Player(session, clock, folder, logs, say)
        for at, step in steps:
            player.tell(at, step)
    except BaseException:
        ledger.close()
        raise
    return session
