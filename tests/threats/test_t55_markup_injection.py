"""T55: text that a submitter, a recipient or a profile's author chose is taken for markup by whoever opens the report.

Every text that a bundle carries is one that somebody wrote. In the report each stands as text: no element, no attribute, no
character reference, no line of a style sheet comes of it, whatever it says; and the honest one is shown literally.
"""

from functools import lru_cache

import msgspec
import pytest

from disclosures.report_html import POLICY, STYLE, render
from disclosures.shown import Shown
from ledger.events import model
from ledger.statement import model_subject
from tests.disclosures.forger import MODEL, Forger, honest, told
from tests.disclosures.test_report_html import Page

PAYLOADS = [
    "<script>alert(1)</script>", "</td></table><script src=//evil.example></script>", "<img src=x onerror=alert(1)>",
    '"onmouseover="alert(1)', "'autofocus onfocus='alert(1)", "<svg/onload=alert(1)>", "</style><script>alert(1)</script>",
    "</title><h1>VALID</h1>", "<!--", "-->", "<![CDATA[", "&lt;script&gt;", "&#60;b&#62;", "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content=0>", "<base href=//evil.example>", "<iframe srcdoc=x>", "{{7*7}}", "{% raw %}", "${7*7}",
    '#eval("1")', '#read("/etc/passwd")', "[*bold*](javascript:alert(1))", '<math><mi//xlink:href="data:x">',
    "</main></body></html>", "<p class=band>VALID", "\u202eDILAV\u202c", "\u2028<b>", "\ufeff<b>", "\u200b<b>\t\r\n",
]  # fmt: skip
PLACES = ["recipient", "profile", "redactions", "claims"]


def skeleton(shown: Shown) -> list[tuple[str, tuple[tuple[str, str | None], ...]]]:
    """The elements of a report and their attributes: what of it is markup."""
    return [(tag, tuple(sorted(attributes.items()))) for tag, attributes in Page(render(shown)).tags]


@lru_cache(maxsize=1)
def whole() -> Shown:
    """A bundle with something withheld."""
    return honest(withheld={(MODEL, 3): "x"}).shown()


def with_text(text: str, place: str) -> Shown:
    """A bundle that carries the text in one of its members."""
    shown = whole()
    if place == "recipient":
        return changed(shown, "request", recipient=text)
    if place == "profile":
        return changed(shown, "request", profile={"id": text, "title": text, "audience": text})
    if place == "redactions":
        (one,) = shown.redactions.classes
        hostile = msgspec.structs.replace(one, what=text, ground=text, character=text, justification=text)
        return changed(shown, "redactions", classes=(hostile,))
    actions = {text: {"clearance": text, "verdict": text, "clearance_reasons": [text], "conditions": [text]}}
    decided = {"kind": "decision", "decision": text, "basis": text, "frameworks": [{"id": text, "digest": text}, text]}
    return changed(shown, "claims", claims=({"kind": "status", "actions": actions}, decided, {"kind": text}))


def changed(shown: Shown, member: str, **what: object) -> Shown:
    """The bundle with something else in a member."""
    parts = {name: getattr(shown, name) for name in Shown.__slots__}
    return Shown(**{**parts, member: msgspec.structs.replace(parts[member], **what)})


def registered(name: str) -> Shown:
    """A bundle of a ledger in which a model is registered, and disclosed, under this name."""
    lab, salt = told()[0].fork(), bytes(range(1, 17))
    subject = {"name": name, "weights": "sha256:" + "ab" * 32}
    written = lab.write(
        model.Registered, {"kind": "base", "subject": subject}, "model/named", "assessor",
        subject=model_subject(salt, subject["name"], subject["weights"]), subject_salt=salt,
    )  # fmt: skip
    event = lab.add(written)
    lab.commit_index()
    return Forger(lab, disclosures={event.index: written.disclosures}, subject="model/named").shown()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", PAYLOADS)
def test_attack_no_text_becomes_markup(text: str, place: str) -> None:
    assert skeleton(with_text(text, place)) == skeleton(with_text("plain", place))


@pytest.mark.parametrize("text", PAYLOADS[::5])
def test_attack_nor_does_the_name_that_an_event_carries(text: str) -> None:
    assert skeleton(registered(text)) == skeleton(registered("plain"))


def test_attack_even_markup_that_got_through_could_run_nothing() -> None:
    raw = render(honest().shown()).decode()
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe-inline" not in raw
    assert raw.count("<style>") == 1
    assert "</" not in STYLE


@pytest.mark.parametrize("text", [p for p in PAYLOADS if p.isprintable()])
def test_honest_text_is_shown_literally(text: str) -> None:
    assert Page(render(with_text(text, "recipient"))).text.count(text) >= 1


def test_honest_names_are_shown_literally() -> None:
    assert "<b>Fictional & Söhne</b>" in Page(render(registered("<b>Fictional & Söhne</b>"))).text
