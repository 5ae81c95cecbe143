"""Two authorities that OpenSSL runs stamp a real ledger's checkpoint; exports and bundles carry the tokens, and a reader judges them."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from api.cli.main import main
from api.cli.timestamp import authorities_given
from api.disclosing import carried, prepare, profile_named
from api.exporting import export
from api.fsck import fsck
from api.keyring import load_signer
from api.session import Session
from api.timestamping import ask_authorities, tokens_at
from api.transport import Reply
from api.wiring import Ledger, opened
from auditor.bundle import Trust, verify_zip
from auditor.cli import main as auditor_main
from auditor.cli import verify_path
from auditor.pin import Pin, parse_pin
from auditor.timestamp import imprint
from auditor.verdict import Check, Report, VerifyVerdict
from disclosures.builder import Asked
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip, parse_zip
from ledger.checkpoint import read_checkpoint
from ledger.errors import Fault
from tests.api.test_cosigning import grow
from tests.authority import Authority, OpenSsl

ONE, TWO = Authority("one"), Authority("two")
BOTH = (ONE.ca, TWO.ca)
URLS = ("https://one.example/tsr", "https://two.example/tsr")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")


def connect_to(folder: Path) -> Callable[[str], OpenSsl]:
    return lambda url: OpenSsl(ONE if "one" in url else TWO, folder / url.split("/")[2])


def stamped(report: Report) -> list[Check]:
    return [c for c in report.checks if c.name == "timestamps"]


def pin_of(ledger: Ledger) -> Pin:
    return parse_pin(Session(ledger).pin())


def test_from_two_authorities_to_a_reader(story_folder: Path, tmp_path: Path) -> None:
    engine = load_signer(story_folder / "keys" / "engine.pem")
    with opened(story_folder) as ledger:
        pin = pin_of(ledger)
        found = ask_authorities(ledger, URLS, BOTH, connect_to(tmp_path))
        assert [(f.status, f.authority) for f in found] == [("stamped", ONE.ca), ("stamped", TWO.ca)], found
        size, note = ledger.appender.published
        for path, token in tokens_at(ledger, size).items():
            assert f"timestamps/{size}." in path
            head, _ = read_checkpoint(note)
            both = [OpenSsl(a, tmp_path / "check").verify(token, imprint(head)) for a in (ONE, TWO)]
            assert sorted(both) == [False, True], "what we keep is what OpenSSL takes, each of its own authority"
        grow(ledger, "later")
        export(ledger, tmp_path / "out", engine)
        prepared = prepare(ledger, Asked("model/fictional-one", "somebody", profile_named("auditor-full")), engine)
    # The export: the tree stamped is a prefix of the one shown.
    for given, code in ((BOTH, "ok"), ((TWO.ca,), "ok"), ((Authority("x").ca,), "timestamps-missing"), ((), None)):
        report = verify_path(tmp_path / "out", Trust(pin, authorities=given))
        assert [c.code for c in stamped(report)] == ([code] if code else [])
        assert report.exit_code == (5 if code == "timestamps-missing" else 0)
    (check,) = stamped(verify_path(tmp_path / "out", Trust(pin, authorities=BOTH)))
    assert f"the first {size} entries existed by" in check.detail
    assert "CN=one and CN=two" in check.detail
    # The bundle: tied by its own consistency proof; the one-file verifier says that it reads none.
    report = verify_zip(prepared.raw, Trust(pin, static=carried(), authorities=BOTH))
    assert [c for c in report.checks if c.verdict is not VerifyVerdict.VALID_UNWITNESSED] == []
    assert [c.code for c in stamped(report)] == ["ok"]
    checks, notes = one_file.verify(prepared.raw, None)
    assert {c[2] for c in checks} <= {"ok", "no-pin", "claims-not-folded"}
    assert any("timestamps: 2 tokens" in n for n in notes)
    files = parse_zip(prepared.raw)
    assert sorted(p.split(".")[-2] for p in files if "/timestamps/" in p) == ["1", "2"]
    assert verify_zip(format_zip({**files, "data/timestamps/x.tsr": b""})).verdict is VerifyVerdict.INVALID
    assert fsck(story_folder) == []
    # Tokens beside the export are bent, lost or of another tree.
    listed = (tmp_path / "out" / "timestamps" / "list").read_text().split()
    first = tmp_path / "out" / listed[0]
    good = first.read_bytes()
    first.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert [c.code for c in stamped(verify_path(tmp_path / "out", Trust(pin, authorities=BOTH)))] == [
        "timestamp-signature"
    ]
    first.unlink()
    assert [c.code for c in stamped(verify_path(tmp_path / "out", Trust(pin)))] == ["timestamp-form"]
    first.write_bytes(good)
    (tmp_path / "out" / "timestamps" / "list").write_text("../pin.json\n")
    assert [c.code for c in stamped(verify_path(tmp_path / "out", Trust(pin)))] == ["timestamp-form"]


def test_an_answer_is_verified_before_it_is_kept(story_folder: Path, tmp_path: Path) -> None:
    usual = connect_to(tmp_path)
    kept: list[bytes] = []

    class Lying(OpenSsl):
        answer: bytes | int | None = None

        def send(
            self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
        ) -> Reply:
            if isinstance(self.answer, int):
                return Reply(self.answer)
            if self.answer is not None:
                return Reply(200, {}, self.answer)
            reply = super().send(method, path, body, headers)
            kept.append(reply.body)
            return reply

    lying = Lying(TWO, tmp_path / "lying")
    connect = lambda url: lying if "two" in url else usual(url)  # noqa: E731  # one expression
    with opened(story_folder) as ledger:
        ask_authorities(ledger, URLS, BOTH, connect)
        size = ledger.appender.size
        grow(ledger, "later")
        for answer, said in ((kept[0], "imprint"), (b"", "form"), (b"\0" * 99, "form"), (500, "status 500")):
            lying.answer = answer
            found = ask_authorities(ledger, URLS[1:], BOTH, connect)
            assert (found[0].status, said in found[0].detail) == ("refused", True), found
        # An old answer over this very checkpoint, replayed: the nonce is another.
        lying.answer = None
        (fresh,) = ask_authorities(ledger, URLS[1:], (ONE.ca,), connect)
        assert fresh.status == "refused", "none of the given CAs issued it"
        lying.answer = kept[-1]
        (replayed,) = ask_authorities(ledger, URLS[1:], BOTH, connect)
        assert (replayed.status, "Nonce" in replayed.detail) == ("refused", True), replayed
        assert [at for at, _, _ in ledger.desk.read_tokens()] == [size, size]

        def dead(_url: str) -> OpenSsl:
            raise Fault("server-unreachable", "unknown", "nobody there", "wait")

        assert [f.status for f in ask_authorities(ledger, URLS, BOTH, dead)] == ["unreachable"] * 2
        # Rows that somebody wrote: another authority's name, another checkpoint's token.
        (_, authority, token), _ = ledger.desk.read_tokens()
        ledger.appender.keep_token(size, "another", token)
        ledger.appender.keep_token(size + 1, authority, token)
    assert [(p.index, p.rule) for p in fsck(story_folder)] == [
        (size, "timestamp-mismatch"),
        (size + 1, "timestamp-mismatch"),
    ]


def test_the_command(
    story_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for authority in (ONE, TWO):
        (tmp_path / f"{authority.name}.pem").write_bytes(authority.ca.public_bytes(Encoding.PEM))
    certs = [w for a in ("one", "two") for w in ("--tsa-cert", str(tmp_path / f"{a}.pem"))]
    monkeypatch.setattr("api.cli.timestamp.authority_transport", connect_to(tmp_path))

    def run(*words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(words)
        return int(ended.value.code or 0)

    asked = ("--tsa", URLS[0], "--tsa", URLS[1], "--data", str(story_folder))
    assert run("timestamp", *asked, *certs, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [d["status"] for d in said["details"]] == ["stamped", "stamped"]
    assert run("timestamp", *asked, *certs[:2]) == 5, "one of two is not enough"
    assert run("timestamp", *asked[:2], *asked[4:], *certs) == 2, "one authority alone"
    assert run("timestamp", "--tsa", URLS[0], "--tsa", URLS[0], *asked[4:], *certs) == 2
    with opened(story_folder) as ledger:
        export(ledger, tmp_path / "out", load_signer(story_folder / "keys" / "engine.pem"))
        (tmp_path / "pin.json").write_bytes(Session(ledger).pin())
    capsys.readouterr()
    assert run("verify", str(tmp_path / "out"), "--pin", str(tmp_path / "pin.json"), *certs) == 0
    assert "CN=one and CN=two" in capsys.readouterr().out
    words = [str(tmp_path / "out"), "--pin", str(tmp_path / "pin.json"), *certs, "--quiet"]
    assert auditor_main(words) == 0
    assert "CN=one and CN=two" in capsys.readouterr().out
    assert auditor_main([*words, "--tsa-cert", str(tmp_path / "absent")]) == 2
    assert authorities_given(None) == ()
