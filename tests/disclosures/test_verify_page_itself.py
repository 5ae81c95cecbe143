"""`verify.html` itself: nothing leaves it, and whoever reads it by keyboard, screen reader or print can."""

import base64
import json
import re
import socket
from importlib.resources import files

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from disclosures.stored_zip import format_zip
from spec.verifier import TARGET
from tests.disclosures.bent import CLAIMS, edit
from tests.disclosures.chromium import Chromium, bundle_verdict
from tests.disclosures.forger import MODEL, honest, told
from tests.disclosures.test_one_file_verifier import trust_file

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def test_nothing_in_it_writes_markup_or_asks_a_network() -> None:
    page = TARGET.read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "XMLHttp",
                 "WebSocket", "sendBeacon", "import(", "http:", "https://" ):  # fmt: skip
        assert word not in page.replace("https://in-toto.io/Statement/v1", ""), word
    assert re.search(r"<(script|style|link|img|iframe)[^>]*(src|href)=", page) is None


def bundle(**more: object) -> bytes:
    return format_zip(honest(**more).files())


def test_nothing_leaves_the_page(browser: Chromium) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1)
        browser.open(TARGET)
        bundle_verdict(browser, bundle(), trust_file(told()[0]))
        asked = [
            e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"
        ]
        assert asked == [TARGET.as_uri()]
        assert [e for e in browser.events if e.get("method") == "Log.entryAdded"] == []
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        assert browser.run(f"fetch('{url}').then(() => 'left', () => 'refused')") == "refused"
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_check_under_way_is_dropped_when_a_choice_changes(browser: Chromium) -> None:
    bundle_verdict(browser, bundle(), None)
    late = browser.run("(() => { const p = show(); part('keys').dispatchEvent(new Event('input')); return p; })()")
    assert late is None
    assert browser.run("part('result').hidden") is True


def test_markup_in_what_a_file_says_stays_text(browser: Chromium) -> None:
    evil = "<img src=x onerror=alert(1)><b>bold</b>"
    profile = {**honest().profile, "title": evil}
    bundle_verdict(browser, bundle(profile=profile), None)
    assert browser.run("document.querySelectorAll('main img, main b').length") == 0
    assert evil in browser.run("part('parts').textContent")


def test_a_file_that_is_too_large_is_not_read(browser: Chromium) -> None:
    browser.open(TARGET)
    code = (
        "(async () => { const made = new DataTransfer(); made.items.add(new File([new Uint8Array(%s)], 'x.zip'));"
        " part('%s').files = made.files; const r = await show(); return [r.verdict, r.code]; })()"
    )
    assert browser.run(code % ("2 ** 20 + 1", "pin")) == ["ERROR", "no-file"]
    assert browser.run(code % ("9", "file")) == ["ERROR", "limits"]
    browser.open(TARGET)
    assert browser.run(code % ("2 ** 28 + 1", "file")) == ["ERROR", "limits"]


def test_the_page_stays_alive_under_a_hostile_bundle(browser: Chromium) -> None:
    """Claims without end: the check takes its time, and gives the page its own between steps."""
    many = format_zip(honest().files(edit(CLAIMS, lambda v: v["claims"].extend([{"kind": "decision", "index": 5}] * 50_000))))  # fmt: skip
    browser.run("globalThis.beats = 0; globalThis.beat = setInterval(() => { beats += 1; }, 1); 0")
    found = bundle_verdict(browser, many, trust_file(told()[0]))
    beats = browser.run("clearInterval(beat); beats")
    assert (found["verdict"], set(found["codes"])) == ("INCOMPLETE", {"claims-short"})
    assert len(found["codes"]) == 50_000
    assert beats > 5
    assert browser.run("part('parts').querySelectorAll('li').length") < 500


@pytest.mark.parametrize("lack", [
    "Object.defineProperty(crypto, 'subtle', { value: undefined })",
    "delete String.prototype.isWellFormed",
    ("{ const own = crypto.subtle.importKey.bind(crypto.subtle); SubtleCrypto.prototype.importKey = (form, key, algorithm, ...rest) => "
    "algorithm.name === 'Ed25519' ? Promise.reject(new DOMException('', 'NotSupportedError')) : own(form, key, algorithm, ...rest); }"),
])  # fmt: skip
def test_an_engine_that_can_not_check_is_undecided(browser: Chromium, lack: str) -> None:
    """It accuses nobody and excuses nothing."""
    browser.open(TARGET)
    browser.run(f"{lack}; 0")
    found = bundle_verdict(browser, bundle(), None)
    assert (found["verdict"], found["codes"][0]) == ("ERROR", "engine")
    browser.open(TARGET)


def test_a_long_list_is_shown_in_part(browser: Chromium) -> None:
    browser.open(TARGET)
    browser.run("part('parts').replaceChildren(...table('long', ['n'], Array.from({length: 50000}, (_, i) => [i])))")
    assert browser.run("part('parts').querySelectorAll('tbody tr').length") == 200
    browser.run("part('parts').querySelector('button').click()")
    assert browser.run("part('parts').querySelectorAll('tbody tr').length") == 400


def told_of(browser: Chromium, alg: str, spki: bytes, signature: bytes) -> object:
    args = ", ".join(
        f"parseBase64('{base64.b64encode(v).decode()}', 'x')" for v in (spki, b"what was signed", signature)
    )
    a, b, c = args.split(", parseBase64")
    return browser.run(f"verifySignature({a}, '{alg}', parseBase64{b}, parseBase64{c})")


def test_signatures_of_event_keys(browser: Chromium, older: Chromium) -> None:
    """Each algorithm: the good one, another message's, and for P-256 the other `s` and any other spelling of the DER."""
    browser.open(TARGET)
    older.open(TARGET)
    message = b"what was signed"
    for alg, key in (
        ("ed25519", ed25519.Ed25519PrivateKey.generate()),
        ("ml-dsa-65", mldsa.MLDSA65PrivateKey.generate()),
    ):
        spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert told_of(browser, alg, spki, key.sign(message)) is True
        assert told_of(browser, alg, spki, key.sign(b"another")) is False
        assert told_of(browser, alg, spki[:-1], key.sign(message)) is False
        assert told_of(older, alg, spki, key.sign(message)) is (None if alg == "ml-dsa-65" else True)
    p256 = ec.generate_private_key(ec.SECP256R1())
    spki = p256.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    r, s = decode_dss_signature(p256.sign(message, ec.ECDSA(SHA256())))
    low, high = min(s, ORDER - s), max(s, ORDER - s)
    good = encode_dss_signature(r, low)
    assert told_of(browser, "ecdsa-p256-sha256", spki, good) is True
    for bad in (encode_dss_signature(r, high), good + b"\0", good[:-1], b"", encode_dss_signature(0, low), encode_dss_signature(low, r % (ORDER // 2)),
                b"\x30" + bytes([len(good) - 1]) + b"\x02" + bytes([good[3] + 1]) + b"\0" + good[4:]):  # fmt: skip
        assert told_of(browser, "ecdsa-p256-sha256", spki, bad) is False
    assert told_of(browser, "ecdsa-p256-sha256", spki[:-1] + bytes([spki[-1] ^ 1]), good) is False
    assert told_of(browser, "rsa", spki, good) is False


def test_a_weak_key_is_refused(browser: Chromium) -> None:
    browser.open(TARGET)
    assert browser.run("isSound(parseBase64('AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=', 'key'))") is False
    assert browser.run("isSound(new Uint8Array(32))") is False


CONTRAST = r"""(() => {
  const rgb = (c) => c.match(/[0-9.]+/g).slice(0, 3).map(Number).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = (c) => { const [r, g, b] = rgb(c); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return 'rgb(255,255,255)'; };
  const low = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim() !== '');
    if (!own || e.closest('script,style,noscript') || e.checkVisibility() === false) continue;
    const pair = [light(getComputedStyle(e).color), light(back(e))].sort((a, b) => b - a);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < 4.5) low.push([e.tagName, e.textContent.slice(0, 30), ratio]);
  }
  return low;
})()"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Chromium, scheme: str) -> None:
    """WCAG 1.4.3 for every text on the page, with each verdict's colour."""
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    bundle_verdict(browser, bundle(withheld={(MODEL, 3): "x"}), None)
    for verdict in ("VALID_UNWITNESSED", "UNANCHORED", "INVALID"):
        browser.run(f"part('verdict').className = MEANS['{verdict}'][1]")
        assert browser.run(CONTRAST) == []
    browser.call("Emulation.setEmulatedMedia", features=[])


def test_axe_finds_nothing(browser: Chromium) -> None:
    """axe-core's rules for WCAG 2 A and AA, and its best practices, on a verdict with everything open."""
    bundle_verdict(browser, bundle(withheld={(MODEL, 3): "x"}), None)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    browser.run((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8") + ";0")
    found = browser.run(
        "axe.run().then((r) => [r.passes.length, r.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])])"
    )
    assert found[0] > 20
    assert found[1] == []


def test_names_order_and_focus(browser: Chromium) -> None:
    """Every input has one name; headings step by one; the keyboard reaches all, sees where it is, and lands on the verdict."""
    browser.open(TARGET)
    bundle_verdict(browser, bundle(withheld={(MODEL, 3): "x"}), None)
    assert browser.run("[...document.querySelectorAll('input,textarea')].every(f => f.labels.length === 1)") is True
    assert (
        browser.run("[...document.querySelectorAll('button,summary,th')].every(f => f.textContent.trim() !== '')")
        is True
    )
    levels = browser.run("[...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))
    ids = browser.run("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    assert browser.run("[...document.querySelectorAll('[aria-labelledby],[aria-describedby]')].every(e => "
                       "document.getElementById(e.getAttribute('aria-labelledby') ?? e.getAttribute('aria-describedby')))") is True  # fmt: skip
    assert browser.run("document.documentElement.lang") == "en"
    assert browser.run("document.activeElement.id") == "verdict-title"
    browser.run("part('file').focus()")
    reached = []
    for _ in range(4):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(
            browser.run(
                "[document.activeElement.id || document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
            )
        )
    assert [r[0] for r in reached][:3] == ["pin", "SUMMARY", "check"]
    assert all(r[1] != "none" for r in reached)


def test_fits_320_pixels_and_paper(browser: Chromium) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=False)
    bundle_verdict(browser, bundle(withheld={(MODEL, 3): "x"}), trust_file(told()[0]))
    assert browser.run("document.documentElement.scrollWidth") <= 320
    browser.call("Emulation.clearDeviceMetricsOverride")
    browser.call("Emulation.setEmulatedMedia", media="print")
    assert (
        browser.run(
            "[...document.querySelectorAll('#choose,button')].every(e => getComputedStyle(e).display === 'none')"
        )
        is True
    )
    assert browser.run("part('verdict').checkVisibility()") is True
    browser.call("Emulation.setEmulatedMedia", media="")


def test_choosing_by_a_drop(browser: Chromium) -> None:
    browser.open(TARGET)
    raw = base64.b64encode(bundle()).decode()
    found = browser.run(
        "(async () => { const made = new DataTransfer();"
        f" made.items.add(new File([Uint8Array.from(atob({json.dumps(raw)}), c => c.charCodeAt(0))], 'b.zip'));"
        " document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: made, bubbles: true, cancelable: true }));"
        " return (await show()).verdict; })()"
    )
    assert found == "UNANCHORED"
    assert "b.zip" in browser.run("part('file-help').textContent")
