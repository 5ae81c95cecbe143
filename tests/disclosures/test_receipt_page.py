"""The page that checks receipts, in real Chromium: the same refusals as `ledger.receipt`, and nothing leaves it."""

import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import Malformed, Unverified
from ledger.note import Vkey, parse_vkey
from ledger.receipt import check_receipt
from spec.verifier import TARGET, join, stated
from tests.disclosures.chromium import PROGRAM, Chromium

ROOT = Path(__file__).resolve().parents[2]
FORMATS = ROOT / "tests" / "vectors" / "formats"
GOLDEN = json.loads((FORMATS / "receipt.json").read_text())
ORIGIN = "dev/vectors.example"
KEYS = json.loads(json.loads((FORMATS / "pin.json").read_text())["pin"])["vkeys"]
needs_chromium = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed")


def test_the_page_is_joined_from_its_sources_and_its_digest_is_told() -> None:
    page = TARGET.read_text(encoding="utf-8")
    assert page == join()
    told = (ROOT / "docs/how-to/check-a-receipt-in-a-browser.md").read_text()
    assert f"    {sha256(page.encode()).hexdigest()}  receipt.html\n" in told
    assert stated(told) == told
    assert stated(f"    {'0' * 64}  receipt.html\n") in told
    assert len(page.encode()) < 150_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    chromium = Chromium(tmp_path_factory.mktemp("chromium"))
    yield chromium
    chromium.close()


def lines(change: dict[int, str]) -> str:
    found = GOLDEN["receipt"].split("\n")
    return "\n".join(change.get(i, line) for i, line in enumerate(found) if change.get(i) != "-")


def bent_line(number: int, at: int) -> str:
    """The golden receipt with one bit of what line `number` says in base64 flipped."""
    before, _, encoded = GOLDEN["receipt"].split("\n")[number].rpartition(" ")
    raw = bytearray(b64decode(encoded))
    raw[at] ^= 1
    text = b64encode(raw).decode()
    return lines({number: f"{before} {text}" if before else text})


ED_LINE = next(i for i, x in enumerate(GOLDEN["receipt"].split("\n")) if x.startswith("\u2014 "))
ML_LINE = ED_LINE + 1
ENTRY = GOLDEN["entry"]
CASES: dict[str, tuple[str, str, list[str]]] = {
    "good": (GOLDEN["receipt"], ENTRY, KEYS),
    "entry altered": (GOLDEN["receipt"], ENTRY + " ", KEYS),
    "index altered": (lines({1: "index 64"}), ENTRY, KEYS),
    "index too large": (lines({1: "index 159"}), ENTRY, KEYS),
    "index with a zero before it": (lines({1: "index 065"}), ENTRY, KEYS),
    "index over 63 bits": (lines({1: "index 9223372036854775808"}), ENTRY, KEYS),
    "hash altered": (bent_line(2, 0), ENTRY, KEYS),
    "hash left out": (lines({2: "-"}), ENTRY, KEYS),
    "hash too many": (lines({2: GOLDEN["receipt"].split("\n")[2] + "\n" + GOLDEN["receipt"].split("\n")[2]}), ENTRY, KEYS),
    "hash of 31 bytes": (lines({2: b64encode(bytes(31)).decode()}), ENTRY, KEYS),
    "base64 not padded": (lines({2: GOLDEN["receipt"].split("\n")[2].rstrip("=")}), ENTRY, KEYS),
    "base64 with a space": (lines({2: " " + GOLDEN["receipt"].split("\n")[2]}), ENTRY, KEYS),
    "extra line": (lines({1: "extra AA==\nindex 65"}), ENTRY, KEYS),
    "another header": (lines({0: "c2sp.org/tlog-proof@v2"}), ENTRY, KEYS),
    "byte order mark": ("\ufeff" + GOLDEN["receipt"], ENTRY, KEYS),
    "carriage return": (GOLDEN["receipt"].replace("\n", "\r\n"), ENTRY, KEYS),
    "no last newline": (GOLDEN["receipt"][:-1], ENTRY, KEYS),
    "Ed25519 signature altered": (bent_line(ED_LINE, 10), ENTRY, KEYS),
    "Ed25519 signature left out": (lines({ED_LINE: "-"}), ENTRY, KEYS),
    "ML-DSA-44 signature left out": (lines({ML_LINE: "-"}), ENTRY, KEYS),
    "only the Ed25519 key": (GOLDEN["receipt"], ENTRY, KEYS[:1]),
    "key with another hash": (GOLDEN["receipt"], ENTRY, [KEYS[0].replace("+", "+0", 1), *KEYS[1:]]),
    "empty receipt": ("", ENTRY, KEYS),
}  # fmt: skip


def told(browser: Chromium, folder: Path, receipt: str, entry: str, keys: list[str]) -> str:
    (folder / "r").write_bytes(receipt.encode())
    (folder / "e").write_bytes(entry.encode())
    browser.open(TARGET)
    browser.choose("#receipt", folder / "r")
    browser.choose("#entry", folder / "e")
    browser.run(f"document.getElementById('keys').value = {json.dumps(chr(10).join(keys))}")
    browser.run("show()")
    return str(browser.run("document.getElementById('verdict').textContent"))


def expected(receipt: str, entry: str, keys: list[str]) -> str:
    try:
        check_receipt(receipt, entry.encode(), [parse_vkey(k) for k in keys], ORIGIN)
    except (Malformed, Unverified):
        return "✖ INVALID"
    return "✔ VALID_UNWITNESSED"


@needs_chromium
@pytest.mark.parametrize("case", CASES)
def test_page_and_library_agree(browser: Chromium, tmp_path: Path, case: str) -> None:
    want = "✔ VALID_UNWITNESSED" if case == "good" else "✖ INVALID"
    assert expected(*CASES[case]) == want
    assert told(browser, tmp_path, *CASES[case]).startswith(want)


@needs_chromium
def test_without_keys_it_is_unanchored_and_ml_dsa_is_never_said_to_hold(browser: Chromium, tmp_path: Path) -> None:
    assert told(browser, tmp_path, GOLDEN["receipt"], ENTRY, []) == "◆ UNANCHORED (no-pin)"
    bent = bent_line(ML_LINE, 40)
    assert expected(bent, ENTRY, KEYS) == "✖ INVALID"
    assert told(browser, tmp_path, bent, ENTRY, KEYS).startswith("✔")
    assert "ML-DSA-44 not checked" in browser.run("document.getElementById('unproven').textContent")


@needs_chromium
@pytest.mark.parametrize("bend", [False, True])
def test_a_given_cosigner_s_line_counts_against_the_receipt(browser: Chromium, tmp_path: Path, bend: bool) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    witness = Vkey("witness.example", 4, key.public_key().public_bytes_raw())
    text = GOLDEN["receipt"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
    raw = (77).to_bytes(8, "big") + key.sign(f"cosignature/v1\ntime 77\n{text}".encode())
    raw = bytes([*raw[:-1], raw[-1] ^ bend])
    receipt = f"{GOLDEN['receipt']}\u2014 witness.example {b64encode(witness.key_id + raw).decode()}\n"
    want = "✖ INVALID (note-signature-invalid)" if bend else "✔ VALID_UNWITNESSED"
    keys = [*KEYS, str(witness)]
    assert want.startswith(expected(receipt, ENTRY, keys))
    assert told(browser, tmp_path, receipt, ENTRY, keys) == want


@needs_chromium
def test_a_check_under_way_is_dropped_when_a_choice_changes(browser: Chromium, tmp_path: Path) -> None:
    told(browser, tmp_path, GOLDEN["receipt"], ENTRY, KEYS)
    browser.run("(() => { const p = show(); part('keys').dispatchEvent(new Event('input')); return p; })()")
    assert browser.run("part('result').hidden") is True


@needs_chromium
def test_a_weak_key_is_refused(browser: Chromium) -> None:
    browser.open(TARGET)
    assert browser.run("isSound(parseBase64('AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'key'))") is False
    assert browser.run("isSound(new Uint8Array(32))") is False
    assert browser.run(f"parseVkey({json.dumps(KEYS[0])}).then(k => k.name)") == ORIGIN


@needs_chromium
def test_nothing_leaves_the_page(browser: Chromium, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        told(browser, tmp_path, GOLDEN["receipt"], ENTRY, KEYS)
        asked = [
            e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"
        ]
        assert asked == [TARGET.as_uri()]
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert browser.run(f"fetch('{url}').then(() => 'left', () => 'refused')") == "refused"
        with pytest.raises(TimeoutError):
            server.accept()


@needs_chromium
def test_fits_320_pixels_and_names_its_fields(browser: Chromium, tmp_path: Path) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=False)
    told(browser, tmp_path, GOLDEN["receipt"], ENTRY, KEYS)
    assert browser.run("document.documentElement.scrollWidth") <= 320
    assert browser.run("[...document.querySelectorAll('input,textarea')].every(f => f.labels.length === 1)") is True
    browser.call("Emulation.clearDeviceMetricsOverride")
