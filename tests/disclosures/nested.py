"""Bundles of a lab in whose log something is withheld inside what is withheld, and what a forger may do with that.

Each forger signs his statement with the evaluator's real key, and hides in it what admission cannot see: it is found by whoever is
handed the field disclosures.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from ledger.canonical import dumps
from ledger.envelope import parse_envelope
from ledger.events import evaluation
from ledger.sealing import seal
from ledger.strict import format_base64url
from ledger.withheld import decoy, digest_of, hide, hide_element, parse_disclosure
from tests.disclosures.forger import MODEL, Forger, commit_as_is, told
from tests.simulator import altered
from tests.threats.documents import evaluation as result
from tests.vectors.told import unsafe_salts

Body = dict[str, Any]
Texts = tuple[str, ...]
Forge = Callable[[Body, Texts], tuple[Body, Texts]]
SCORES = [{"name": n, "scorer": "fictional", "value": v} for n, v in (("uplift", "0.61"), ("refusal", "0.07"))]
REVISION = {"commit": "c0ffee", "dirty": False, "origin": "fictional-origin"}
PLAIN: Body = result("nested", scores=SCORES, revision=REVISION)
PATHS = ("scores", "scores.*", "revision.commit", "revision.origin", "model_as_named")
SALT = bytes(range(100, 116))


@lru_cache(maxsize=1)
def sealed() -> tuple[Body, Texts]:
    """A result whose scores are withheld whole, and each by itself in that; its revision's commit and origin; the model's name."""
    made = seal(PLAIN, evaluation.Recorded.event, PATHS, unsafe_salts())
    return made.body, made.disclosures


def story(forge: Forge | None = None, texts: Texts | None = None, **more: Any) -> Forger:
    """A bundle with the result, sealed as `forge` has it, its field disclosures (or `texts`), and the model's name."""
    body, all_texts = sealed() if forge is None else forge(*sealed())
    lab = told()[0].fork()
    written = lab.write(evaluation.Recorded, PLAIN, MODEL, "evaluator")
    envelope = altered(written, {"body": body}, lab.keys["evaluator"])
    index = len(lab.entries)
    if forge is None:
        lab.add(replace(written, envelope=parse_envelope(envelope)))
        lab.commit_index()
    else:
        lab.slip(envelope)
        lab.tick()
        commit_as_is(lab)
    shown = {index: all_texts if texts is None else texts}
    return Forger(lab, disclosures={**told()[1], **{n: t for n, t in shown.items() if t}}, **more)


def text_of(name: str | None, value: Any = None) -> str:
    """The honest disclosure of a member, or of the element that names a metric."""
    read = [parse_disclosure(text) for text in sealed()[1]]
    return next(d.text for d in read if d.name == name and (value is None or d.value["name"] == value))


def put(body: Body, *digests: str) -> Body:
    """The body with these digests in the place of decoys."""
    known = [d for d in body["_sd"] if d in {digest_of(text) for text in sealed()[1]}]
    rest = [decoy(SALT[:15] + bytes([n])) for n in range(len(body["_sd"]) - len(known) - len(digests))]
    return {**body, "_sd": sorted([*known, *digests, *rest])}


def more(text: str) -> Forge:
    """A field disclosure more, which the body references."""
    return lambda body, texts: (put(body, digest_of(text)), (*texts, text))


def instead(name: str, value: Any) -> Forge:
    """The result without this member, and in its place one hidden with this value."""

    def forge(_body: Body, _texts: Texts) -> tuple[Body, Texts]:
        made = seal({k: v for k, v in PLAIN.items() if k != name}, evaluation.Recorded.event, (), unsafe_salts())
        other = hide(name, value, SALT)
        return put(made.body, other.digest), (other.text,)

    return forge


def raw(*parts: Any) -> str:
    """A disclosure's text with anything in it."""
    return format_base64url(dumps(list(parts)))


B64SALT = format_base64url(SALT)
ELEMENT = hide_element(SCORES[0], SALT)
FORGED: dict[str, tuple[Forge, str]] = {
    "a child without its parent": (lambda b, t: (b, tuple(x for x in t if x != text_of("scores"))), "disclosure-orphan"),
    "an element edited": (lambda b, t: (b, (*(x for x in t if x != text_of(None, "uplift")), ELEMENT.text)), "disclosure-orphan"),
    "an element of nowhere": (lambda b, t: (b, (*t, ELEMENT.text)), "disclosure-orphan"),
    "a digest at two levels": (
        lambda b, t: (put(b, digest_of(text_of(None, "uplift"))), tuple(x for x in t if x != text_of(None, "uplift"))), "digest-duplicate"),
    "a digest in the open revision too": (lambda b, t: (put(b, b["revision"]["_sd"][0]), t), "digest-duplicate"),
    "the reserved name _sd": (more(raw(B64SALT, "_sd", [])), "disclosure-name"),
    "the reserved name of elements": (more(raw(B64SALT, "...", "x")), "disclosure-name"),
    "a name that stands open": (more(hide("task", "another", SALT).text), "disclosure-name-present"),
    "a member that is never withheld": (more(hide("task_id", "x", SALT).text), "disclosure-name"),
    "an element as a member": (more(ELEMENT.text), "disclosure-arity"),
    "a short salt": (more(raw(format_base64url(SALT[:8]), "elicitation", "x")), "disclosure-salt"),
    "four parts": (more(raw(B64SALT, "elicitation", "x", 1)), "disclosure-arity"),
    "fewer elements than the type has": (instead("scores", [{"...": ELEMENT.digest}, SCORES[1]]), "disclosure-slots"),
    "a revision without its slots": (instead("revision", {"dirty": True}), "disclosure-slots"),
    "a reserved name inside": (instead("elicitation", {"...": "x"}), "disclosure-name"),
    "an open array cut": (lambda b, _t: ({**b, "scores": [{"...": ELEMENT.digest}]}, ()), "sd-slots"),
    "an open revision without its slots": (lambda b, _t: ({**b, "revision": {"dirty": False}}, ()), "sd-slots"),
}  # fmt: skip
"""What a forger signs and hands over, and the code by which each verifier finds it."""
