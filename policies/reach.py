"""Whether a duty reaches this lab, this model, this case: yes, no, or unknown, and by which entries (spec/obligations.md)."""

from typing import Literal

from policies.binding import INCLUDES
from policies.clocks import Tainted
from policies.duty_rows import Look, Value
from policies.pack_duties import Obligation

Applies = Literal["yes", "unknown", "no"]
_Found = tuple[Applies, list[str], list[int]]


def applies_to(look: Look, row: Value, clause: Obligation, pack: Value, at: str, tainted: Tainted) -> _Found:
    """The answer, why it is not yes, and the entries it rests on."""
    parts = [
        whom_it_binds(look, clause.binds or pack["binds"], clause.binds_whom or pack["binds_whom"], pack, at, tainted),
        _models(look, row, pack, tainted),
        ("unknown", list(row["doubts"]), []) if row.get("doubts") else ("yes", [], []),
        _calendar_facts(row, clause),
    ]
    answers = [answer for answer, _, _ in parts]
    answer: Applies = "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"
    kept = [p for p in parts if p[0] == answer or p[0] == "yes"]
    return answer, [why for _, reasons, _ in kept for why in reasons], [i for _, _, found in kept for i in found]


def whom_it_binds(look: Look, binds: str, whom: str | None, pack: Value, at: str, tainted: Tainted) -> _Found:
    """Scope and class. The newest determination in effect counts; where a compromised key signed it, there is none."""
    scope = look(f"scope|{pack['id']}")
    said = [] if scope is None else [s for s in scope["said"] if s["effective"] <= at]
    newest = said[-1] if said and _counts(said[-1], pack, tainted) else None
    adopted = look(f"adopted|{pack['framework']}")
    cited = [] if adopted is None or binds == "law" else [adopted["index"]]
    if newest is None:
        return ("unknown", ["scope-undetermined"], []) if binds == "law" else ("yes", [], cited)
    if not newest["applies"]:
        return "no", [f"scope-{newest['index']}"], [newest["index"]]
    classes = {*newest["binds_as"], *(INCLUDES.get(c) for c in newest["binds_as"])}
    if binds != "law" or whom is None or whom in classes:
        return "yes", [], [*cited, newest["index"]]
    return "no", [f"not-{whom}"], [newest["index"]]


def _counts(said: Value, pack: Value, tainted: Tainted) -> bool:
    """About this very text, by a sound key, and no history from before the ledger: the same that gates go by."""
    sound = tainted(said["index"], said["signers"]) is None and not said["back_recorded"]
    return sound and said["digest"] == pack["framework"]


def _models(look: Look, row: Value, pack: Value, tainted: Tainted) -> _Found:
    """A code that reaches only models in some state of another pack's threshold."""
    scope = pack["scope"]
    if scope is None:
        return "yes", [], []
    standing = look(f"standing|{scope['pack']}|{scope['threshold']}")
    known = {} if standing is None else standing["of"]
    known = {s: v for s, v in known.items() if tainted(v["index"], v["signers"]) is None}
    models = row.get("models") or list(known)
    found = [known[m] for m in models if m in known]
    inside = [f["index"] for f in found if f["state"] in scope["state_in"]]
    if inside:
        return "yes", [], inside
    if len(found) < len(models) or not models:
        return "unknown", [f"state-unknown:{scope['threshold']}"], []
    return "no", [f"outside-{scope['threshold']}"], [f["index"] for f in found]


def _calendar_facts(row: Value, clause: Obligation) -> _Found:
    """Nothing states the facts of a duty that time opens."""
    if "doubts" in row or not clause.applies_when:
        return "yes", [], []
    return "unknown", [f"fact-unknown:{c.fact}" for c in clause.applies_when], []
