"""One line of a case table → facts of a `World`. Words with `=` are named, the rest are plain."""

from typing import TYPE_CHECKING

from ledger.strict import shift

if TYPE_CHECKING:
    from tests.policies.world import World


def tell(world: "World", line: str) -> None:
    """Record what the line says."""
    verb, *words = line.split()
    named = dict(w.split("=", 1) for w in words if "=" in w)
    plain = [w for w in words if "=" not in w]
    if "until" in named:
        named["until"] = shift(world.at, seconds=int(named["until"].removesuffix("s")))
    pack = named.pop("pack", None)
    if pack is None:
        _tell(world, verb, plain, named)
        return
    with world.speaking_of(pack):
        _tell(world, verb, plain, named)


def _tell(world: "World", verb: str, plain: list[str], named: dict[str, str]) -> None:
    vectors = {"vectors": named.pop("vectors").split(",")} if "vectors" in named else {}
    match verb:
        case "register":
            world.model(*plain)
        case "wait":
            world.at = shift(world.at, days=int(plain[0]))
        case "determine":
            cited = {"evidence": world.last_run()} if named.pop("cites", None) == "run" else {}
            world.determine(*plain, **named, **vectors, **cited)
        case "run":
            world.run(*plain)
        case "attest":
            world.attest(*plain, **named, **vectors)
        case "document":
            world.document(*plain, **named)
        case "submit":
            world.submit(*plain)
        case "confirm":
            world.confirm(*plain, **named)
        case "interim":
            world.interim(*plain, **named)
        case "exception":
            world.invoke(*plain, **named)
        case "decide":
            world.decide(*plain, **named)
        case "inform":
            world.inform(*plain)
        case "compute":
            world.compute(*plain)
        case "rate":
            world.rate(*plain, **named)
        case "promise":
            world.promise(*plain)
        case "publish" | "adopt":
            world.bring(plain[0], adopt=verb == "adopt")
        case "scope":
            world.scope(plain[0] == "yes", tuple(plain[1:]))
        case _:
            _undo(world, verb, plain)


def _undo(world: "World", verb: str, plain: list[str]) -> None:
    """What speaks about an earlier fact."""
    match verb:
        case "older":
            world.determine(plain[0], plain[1], subjects=["model/older"])
        case "amend":
            last = max((f for _, f in world.state.scan("evaluation")), key=lambda f: f.index)
            body = {
                "amends": {"index": last.index, "leaf": last.leaf}, "edits_detected": [], "log_bytes": 2, "log_format": "g",
                "log_sha256": "sha256:" + "2" * 64, "only_encoding": "only_encoding" in plain, "reason": "another file",
            }  # fmt: skip
            world.say("evaluation.amended", body)
        case "invalidate":
            last = max((f for _, f in world.state.scan("evaluation")), key=lambda f: f.index)
            body = {"evaluation": {"index": last.index, "leaf": last.leaf}, "reason": "wrong model"}
            world.say("evaluation.invalidated", body)
        case "withdraw":
            last = max((f for _, f in world.state.scan("attested")), key=lambda f: f.index)
            body = {"attestation": {"index": last.index, "leaf": last.leaf}, "reason": "broken"}
            world.say("safeguard.withdrawn", body, last.stream)
        case "covered":
            world.model("model/older")
            old = world.determine(plain[0], "below", subjects=["model/older"])
            world.determine(plain[0], "below", covered_by={"index": old.index, "leaf": old.leaf})
        case _:
            raise AssertionError(f"no verb {verb}")
