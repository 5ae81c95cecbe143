"""The drill (access.md §4): every kind of key is rotated five times on one real ledger, by command, under a running service's eyes.

Root, log, engine, submitter, key-admins; one key revoked backwards, what it tainted healed; post-quantum keys on the way; and at the
end the whole export, and a bundle in both verifiers, are checked from the first trust file. Read tokens and webhooks are not keys
of the log: they end by expiry and by `token.revoked`.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from api.disclosing import prepare, profile_named
from api.keyring import load_signer
from api.session import Session
from api.wiring import open_ledger, wall_clock
from auditor.bundle import Trust, verify_zip
from auditor.pin import Pin, parse_pin
from auditor.source import folder_reader
from auditor.verdict import VerifyVerdict as V
from auditor.verify import verify_export
from disclosures.builder import Asked
from disclosures.static import verify as one_file
from ledger.errors import Fault
from ledger.events import model, threshold
from ledger.strict import shift
from ledger.trust import KeyLife, engine_key
from policies.answer import AsOf, Finding, Request
from policies.evaluate import evaluate
from policies.framework import pack_digest
from tests.commands import Cli, adopt, running
from tests.conftest import copy_of
from tests.policies.world import shipped

ROUNDS = 5
PACK, MODEL = "anthropic-rsp-2.2", "model/one"
TRAIN = "pretraining_effective_compute_ratio_to_model_needing_ASL3_security"
PEOPLE = ("assessor", "evaluator", "key-admin-1", "key-admin-2")
QUANTUM = {2: "assessor", 3: "engine"}
"""Round → who gets an ML-DSA-65 key in it."""


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: str = field(default_factory=wall_clock)

    def __call__(self) -> str:
        self.now = shift(self.now, seconds=1)
        return self.now


@dataclass
class Drill:
    """The drilled ledger: what was determined in each round, and every key that was replaced."""

    cli: Cli
    clock: Hand
    roots: list[str] = field(default_factory=lambda: ["root-1", "root-2", "root-3"])
    said: list[int] = field(default_factory=list)
    old: list[Path] = field(default_factory=list)

    @property
    def keys(self) -> Path:
        return self.cli.folder / "keys"

    def by_the_root(self, *words: object) -> None:
        """Drafted here, signed by two roots and whoever is new, posted."""
        draft, signed = self.cli.folder / "draft.json", self.cli.folder / "draft.dsse.json"
        for path in (draft, signed):
            path.unlink(missing_ok=True)
        two = self.roots[:2]
        done = self.cli.ok(*words, "--signer", two[0], "--signer", two[1], "--out", draft, "--json")
        self.cli.ok("event", "sign", draft, "--out", signed, "--as", two[0], "--yes")
        self.cli.ok("event", "sign", signed, "--add", "--as", two[1], "--yes")
        for path in sorted(self.keys.glob("root-*.pem")):
            named = json.loads(done.out)["signers"]
            if path.stem not in two and keyid(path) in named:
                self.cli.ok("event", "sign", signed, "--add", "--as", path.stem, "--yes")
        self.cli.ok("event", "post", signed)

    def root(self, number: int) -> None:
        fresh = f"root-{number}"
        self.cli.ok("keys", "new", self.keys / f"{fresh}.pem")
        gone = self.roots.pop()  # the one that is dropped need not sign
        self.by_the_root("root", "rotate", "--drop", gone, "--new", f"{fresh}={self.keys / fresh}.pem")
        self.old.append(self.keys / f"{gone}.pem")
        self.roots = [fresh, *self.roots]

    def log(self, name: str) -> None:
        before = sorted(self.keys.glob("log*.pem"))
        self.cli.ok("keys", "new-log", name)
        self.by_the_root("log", "rotate", "--pair", name)
        self.clock.now = shift(self.clock.now, seconds=3600)
        self.by_the_root("log", "rotate", "--finish")
        self.old += before

    def person(self, who: str, round_: int) -> None:
        """The successor is registered, the old key revoked, its file put away."""
        fresh, path = self.cli.folder / "fresh.pem", self.keys / f"{who}.pem"
        self.cli.ok("keys", "new", fresh, *self.alg(who, round_))
        self.cli.ok("keys", "register", fresh, who)
        self.cli.ok("keys", "revoke", path)
        away = self.cli.folder / f"away-{who}-{round_}.pem"
        path.rename(away)
        fresh.rename(path)

    def engine(self, round_: int) -> None:
        """Its file is brought under another name: the service goes on without a restart."""
        before = sorted(self.keys.glob("engine*.pem"))
        fresh = self.keys / f"engine-{round_}.pem"
        self.cli.ok("keys", "new", fresh, *self.alg("engine", round_))
        self.cli.ok("keys", "register", fresh, "engine", "--use", "engine")
        for path in before:
            self.cli.ok("keys", "revoke", path)
            path.rename(self.cli.folder / f"away-{path.name}")

    @staticmethod
    def alg(who: str, round_: int) -> tuple[str, ...]:
        return ("--alg", "ml-dsa-65") if QUANTUM.get(round_) == who else ()

    def determine(self) -> int:
        body = {
            "evidence": [], "framework": pack_digest(shipped(PACK)), "made": "role", "precautionary": False, "review_by": None,
            "state": "below", "subjects": [MODEL],
        }  # fmt: skip
        session = Session(self.cli.ledger)
        for name in ("AIRD-5", "AUTONOMY-CHECKPOINT"):
            session.say(threshold.Determined, {**body, "threshold": name}, MODEL, "assessor")
        return session.say(threshold.Determined, {**body, "threshold": "CBRN-4"}, MODEL, "assessor").index

    def finding(self) -> Finding:
        ledger = self.cli.ledger
        request = Request(MODEL, "train", audience="general", facts=((TRAIN, "0.5"),))
        found = evaluate(ledger.appender.state, request, AsOf(ledger.appender.size, self.clock()))
        return next(f for f in found.findings if f.requirement.startswith("CBRN-4"))

    def round(self, n: int) -> None:
        self.root(n + 4)
        self.log(f"r{n}")
        for who in PEOPLE:
            self.person(who, n)
        self.engine(n)
        self.said.append(self.determine())
        session = Session(self.cli.ledger)
        session.say(model.ComputeReached, {"of": MODEL, "ratio": "1.5"}, MODEL, "evaluator")


def keyid(path: Path) -> str:
    return load_signer(path).keyid


def test_the_drill(founded_folder: Path, tmp_path: Path) -> None:
    folder, clock = copy_of(founded_folder, tmp_path / "lab"), Hand()
    with running(folder, clock) as cli:
        drill = Drill(cli, clock)
        adopt(cli)
        weights = tmp_path / "weights.bin"
        weights.write_bytes(b"weights of a fictional model")
        cli.ok("register", MODEL, "--name", "Fictional-1", "--weights", weights, "--yes")
        cli.ok("pin", tmp_path / "first.json")
        first = parse_pin((tmp_path / "first.json").read_bytes())
        for n in range(ROUNDS):
            drill.round(n)
        assert drill.finding().state == "met"
        _taint_and_heal(drill)
        _algorithms(drill)
        _verified(drill, first, tmp_path)
    for path in drill.old:  # what was replaced may be destroyed
        path.unlink(missing_ok=True)
    reopened = open_ledger(folder, clock=clock)
    try:
        assert reopened.appender.stopped is None
        assert reopened.engine.keyid == keyid(folder / "keys" / f"engine-{ROUNDS - 1}.pem")
        assert reopened.commit_index()
    finally:
        reopened.close()


def _taint_and_heal(drill: Drill) -> None:
    """The assessor's key of the last round was stolen before it spoke: open, and who opened it; said again, it stands."""
    cli, path = drill.cli, drill.keys / "assessor.pem"
    since = drill.said[-1]
    cli.ok("keys", "revoke", path, "--reason", "compromised", "--since", since)
    revoked = cli.ledger.appender.size - 1
    found = drill.finding()
    assert (found.state, found.why) == ("unknown", "tainted")
    assert {revoked, since} <= set(found.indexes)
    fresh = cli.folder / "fresh.pem"
    cli.ok("keys", "new", fresh)
    cli.ok("keys", "register", fresh, "assessor")
    fresh.replace(path)
    again = drill.determine()
    found = drill.finding()
    assert (found.state, found.indexes) == ("met", (again,)), "a new event by a live key heals it"


def _algorithms(drill: Drill) -> None:
    """ML-DSA-65 signed for a person and for the engine."""
    lives: list[KeyLife] = [life for _, life in drill.cli.ledger.appender.state.scan("key")]
    quantum = {(life.record.principal, life.record.use) for life in lives if life.record.alg == "ml-dsa-65"}
    assert quantum == {("assessor", "event"), ("engine", "engine")}


def _verified(drill: Drill, first: Pin, tmp_path: Path) -> None:
    """From the first trust file: the whole export, and a bundle in both verifiers."""
    cli = drill.cli
    cli.ok("export", tmp_path / "out")
    report = verify_export(folder_reader(tmp_path / "out"), first)
    assert report.verdict is V.VALID_UNWITNESSED, report.to_json()
    asked = Asked(MODEL, "a fictional auditor", profile_named("auditor-full"), since=(first.checkpoint.size,))
    raw = prepare(cli.ledger, asked, cli.ledger.engine).raw
    assert verify_zip(raw, Trust(first)).verdict is V.VALID_UNWITNESSED
    checks, _ = one_file.verify(raw, json.loads((tmp_path / "first.json").read_bytes()))
    assert one_file.lowest([c[1] for c in checks]) in ("VALID_UNWITNESSED", "INCOMPLETE"), checks
    assert {c[2] for c in checks} <= {"ok", "claims-not-folded"}, checks


def test_an_engine_key_of_which_no_file_is_here(founded_folder: Path, tmp_path: Path) -> None:
    """Claims and bundles are not signed by the key that was replaced; the file is brought, and all goes on."""
    folder = copy_of(founded_folder, tmp_path / "lab")
    with running(folder) as cli:
        fresh = tmp_path / "elsewhere.pem"
        cli.ok("keys", "new", fresh, "--alg", "ml-dsa-65")
        cli.ok("keys", "register", fresh, "engine", "--use", "engine")
        with pytest.raises(Fault, match="engine-key-wrong"):
            _ = cli.ledger.engine
        with pytest.raises(Fault, match="engine-key-wrong"):
            cli.ledger.commit_index()
        fresh.rename(folder / "keys" / "engine-next.pem")
        assert cli.ledger.commit_index()
        life = engine_key(cli.ledger.appender.state, cli.ledger.now())
        assert life is not None
        assert cli.ledger.engine.keyid == life.record.keyid
