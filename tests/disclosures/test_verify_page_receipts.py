"""`verify.html` on receipts, in real Chromium: the same refusals as `ledger.receipt`."""

import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import Malformed, Unverified
from ledger.note import Vkey, parse_vkey
from ledger.receipt import check_receipt
from spec.verifier import TARGET
from tests.disclosures.chromium import Chromium

ROOT = Path(__file__).resolve().parents[2]
FORMATS = ROOT / "tests" / "vectors" / "formats"
GOLDEN = json.loads((FORMATS / "receipt.json").read_text())
ORIGIN = "dev/vectors.example"
PIN = json.loads((FORMATS / "pin.json").read_text())["pin"]
KEYS = json.loads(PIN)["vkeys"]


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


def verdict(browser: Chromium, receipt: str, entry: str, keys: list[str], pin: bytes | None = None) -> str:
    """What the page says in its verdict line."""
    if browser.run("location.href") != TARGET.as_uri():
        browser.open(TARGET)
    browser.choose("#file", receipt.encode())
    browser.choose("#entry", entry.encode())
    browser.choose("#pin", pin)
    browser.run(f"part('keys').value = {json.dumps(chr(10).join(keys))}")
    browser.run("show().then(() => part('keys').value = '')")
    return str(browser.run("part('verdict').textContent")).strip()


def expected(receipt: str, entry: str, keys: list[str]) -> str:
    try:
        check_receipt(receipt, entry.encode(), [parse_vkey(k) for k in keys], ORIGIN)
    except (Malformed, Unverified):
        return "✖ INVALID"
    return "✔ VALID_UNWITNESSED"


@pytest.mark.parametrize("case", CASES)
def test_page_and_library_agree(browser: Chromium, case: str) -> None:
    want = "✔ VALID_UNWITNESSED" if case == "good" else "✖ INVALID"
    assert expected(*CASES[case]) == want
    assert verdict(browser, *CASES[case]).startswith(want)


def test_by_a_trust_file(browser: Chromium) -> None:
    assert verdict(browser, GOLDEN["receipt"], ENTRY, [], PIN.encode()) == "✔ VALID_UNWITNESSED"
    assert verdict(browser, GOLDEN["receipt"], ENTRY, [], PIN.encode()[:-1]) == "■ ERROR (pin-form)"
    bent = PIN.replace(ORIGIN, "dev/vectors.other", 1)
    assert verdict(browser, GOLDEN["receipt"], ENTRY, [], bent.encode()) == "■ ERROR (pin-form)"


def test_without_keys_it_is_unanchored(browser: Chromium) -> None:
    assert verdict(browser, GOLDEN["receipt"], ENTRY, []) == "◆ UNANCHORED (no-pin)"


def test_without_its_entry_a_receipt_is_not_checked(browser: Chromium) -> None:
    browser.open(TARGET)
    browser.choose("#file", GOLDEN["receipt"].encode())
    assert browser.run("show().then(r => r.code)") == "no-entry"


def test_a_forged_ml_dsa_line(browser: Chromium, older: Chromium) -> None:
    """Refused where the engine knows the algorithm; where not, nothing better than INCOMPLETE is said, forged or not."""
    bent = bent_line(ML_LINE, 40)
    assert expected(bent, ENTRY, KEYS) == "✖ INVALID"
    assert verdict(browser, bent, ENTRY, KEYS) == "✖ INVALID (note-signature-invalid)"
    for receipt in (bent, GOLDEN["receipt"]):
        assert verdict(older, receipt, ENTRY, KEYS) == "◐ INCOMPLETE (ml-dsa-not-checked)"
    assert verdict(older, bent_line(ED_LINE, 10), ENTRY, KEYS) == "✖ INVALID (note-signature-invalid)"


@pytest.mark.parametrize("bend", [False, True])
def test_a_given_cosigner_s_line_counts_against_the_receipt(browser: Chromium, bend: bool) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    witness = Vkey("witness.example", 4, key.public_key().public_bytes_raw())
    text = GOLDEN["receipt"].partition("\n\n")[2].rpartition("\n\n")[0] + "\n"
    raw = (77).to_bytes(8, "big") + key.sign(f"cosignature/v1\ntime 77\n{text}".encode())
    raw = bytes([*raw[:-1], raw[-1] ^ bend])
    receipt = f"{GOLDEN['receipt']}\u2014 witness.example {b64encode(witness.key_id + raw).decode()}\n"
    want = "✖ INVALID (note-signature-invalid)" if bend else "✔ VALID_UNWITNESSED"
    keys = [*KEYS, str(witness)]
    assert want.startswith(expected(receipt, ENTRY, keys))
    assert verdict(browser, receipt, ENTRY, keys) == want
