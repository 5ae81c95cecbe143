"""`decision show`: followed line by line it leads from the request to the action; the same over HTTP, with what may be known."""

import json
from pathlib import Path

from api import answers_decisions
from api.life import life_answer
from ledger.strict import shift
from policies.answer import AsOf
from tests.api.asker import Asker
from tests.commands import Cli
from tests.policies.world import World

SCOPE = ("--audience", "partners", "--host", "own-cloud", "--surface", "api")


def shown(cli: Cli, ref: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(cli("decision", "show", ref, "--json").out)
    return found


def evidence(cli: Cli) -> None:
    for name in ("CBRN-3", "CBRN-4", "AUTONOMY-CHECKPOINT"):
        cli.ok("determine", "model/one", name, "--state", "below", "--rationale", "fictional", "--yes")
    for name in ("ASL-2-DEPLOYMENT", "ASL-2-SECURITY"):
        cli.ok("attest", "model/one", "--set", name, *SCOPE, "--yes")
    Path("report.txt").write_text("fictional")
    cli.ok("document", "submit", "capability_report", "report.txt", "--model", "model/one", "--yes")
    cli.ok("document", "confirm", "capability_report", "--model", "model/one", "--as", "approver-2", "--yes")


def test_what_is_next_is_a_command_that_does_it(cli: Cli) -> None:
    evidence(cli)
    done = json.loads(cli.ok("request", "model/one", "external_deploy", *SCOPE, "--yes", "--json").out)
    index, digest = done["index"], done["digest"]
    phases = []
    for _ in range(12):
        said = shown(cli, digest)
        phases.append(said["phase"])
        if not said["moves"]:
            break
        move = said["moves"][0]  # type: ignore[index]  # JSON
        more = " permit" if move["what"] == "decide" else ""
        done_ = cli.line(f"{move['command']}{more} --yes")
        assert done_.code == 0, (move, done_.err)
    assert phases == ["requested", "requested", "approved", "decided", "decided", "decided", "carried-out"]
    assert shown(cli, index)["request"] == digest, "the request's index names it, too"
    said = shown(cli, digest)
    assert {**shown(cli, said["decision"]), "as_of": said["as_of"]} == said
    assert (said["flags"], said["basis"], len(said["carried_out"])) == ([], "policy", 1)  # type: ignore[arg-type]  # JSON
    text = cli.ok("decision", "show", digest).out
    assert "EXTERNAL_DEPLOY" not in text.splitlines()[0]
    assert "external_deploy of model/one: CARRIED-OUT" in text
    assert "nothing is missing" in text
    _over_http(cli, digest, said)


def _over_http(cli: Cli, digest: str, said: dict[str, object]) -> None:
    asker = Asker(cli.ledger)
    answer = asker.ask(f"/v1/decisions/{digest}")
    value = answers_decisions.DecisionLife.model_validate_json(answer.content).model_dump()
    assert value["phase"] == said["phase"]
    assert asker.ask(f"/v1/decisions/{value['decision']}").json()["request"] == digest
    (row,) = [d for d in asker.all("/v1/decisions", "decisions") if d["index"] == value["decision"]]
    assert (row["phase"], row["flags"], row["request"]) == ("carried-out", [], digest)
    then = asker.ask(f"/v1/decisions/{digest}?at={value['index'] + 2}").json()
    assert (then["phase"], then["decision"]) == ("requested", None)
    assert {m["role"]: m["holders"] for m in then["moves"]} == {"CEO": ["approver-1"], "RSO": ["approver-2"]}
    _, narrow = asker.token("status:read")
    hidden = asker.ask_far(f"/v1/decisions/{digest}?at={value['index'] + 2}", bearer=narrow).json()
    assert {m["role"]: m["holders"] for m in hidden["moves"]} == {"CEO": [], "RSO": []}, (
        "roles stand in the ledger's stream"
    )
    for ref, status in (("9" * 64, 404), ("999999", 404), ("nonsense", 400), ("0x1", 400)):
        assert asker.ask(f"/v1/decisions/{ref}").status_code == status


def test_asking_again_asks_for_no_more_than_was_asked() -> None:
    world = World("anthropic-rsp-2.2")
    soon = shift(world.at, days=3)
    more = {"conditions": ["with logs"], "facts": {"hours": "3"}, "jurisdictions": ["us"], "planned_for": soon}
    request = world.ask_to(evidence=[{"index": 1, "leaf": "0" * 64}], **more)
    world.bring("xai-faif-2025-12-30", adopt=True)
    said = life_answer(world.state, request.digest, AsOf(world.size, world.at), people=True)
    assert said is not None
    (move,) = said["moves"]
    assert move["command"] == (
        "holdpoint request model/m external_deploy --audience general --surface api --host own --jurisdiction us --fact hours=3 "
        f"--condition 'with logs' --evidence 1 --planned-for {soon} --as deployer"
    )


def test_carried_out_without_a_decision_is_said_first(cli: Cli) -> None:
    warned = cli.ok("deployment", "start", "model/one", "release_weights", "--audience", "everyone", "--yes")
    assert "this is recorded as carried out without one" in warned.err
    text = cli("decision", "list").out
    assert text.startswith("CARRIED OUT WITHOUT A STANDING DECISION: deployment.started of model/one at index ")
    first = json.loads(cli("decision", "list", "--json").out.splitlines()[0])
    assert (first["schema"], first["event"]) == ("holdpoint.without-decision/1", "deployment.started")
    page = Asker(cli.ledger).ask("/").text
    assert "Carried out while no decision stood for it" in page


def test_a_divergence_is_the_first_line_of_status_gate_history_and_list(cli: Cli) -> None:
    cli.ok("request", "model/one", "train", *SCOPE, "--yes")
    for who in ("approver-1", "approver-2"):
        cli.ok("approve", "model/one", "train", "--as", who, "--yes")
    why = ("--divergence-reason", "a fictional emergency", "--basis", "discretionary", "--yes")
    cli.ok("decide", "model/one", "train", "permit", *why)
    begins = "DIVERGENCE"
    assert cli("status", "model/one").out.startswith(f"{begins}, train: the decision is permit")
    assert cli("gate", "model/one", "train").out.startswith(f"{begins}: the decision is permit")
    assert cli("history", "model/one").out.startswith(f"{begins}, index ")
    listed = [line for line in cli("decision", "list").out.splitlines() if "CARRIED OUT" not in line]
    newest = json.loads(cli("decision", "list", "--json", "--limit", "1").out.splitlines()[-1])
    assert listed[0].startswith(f"{begins}, index {newest['index']}: the decision is permit")
    assert listed[1].split()[:2] == [str(newest["index"]), "model/one"]
    assert cli("decision", "show", newest["index"]).out.startswith(f"{begins}: the decision is permit")


def test_the_list_pages(cli: Cli) -> None:
    for audience in ("one", "two", "three"):
        cli.ok("request", "model/one", "internal_deploy", "--audience", audience, "--yes")
        cli.ok("decide", "model/one", "internal_deploy", "withhold", "--yes")
    whole = [line for line in cli.ok("decision", "list").out.splitlines() if "CARRIED OUT" not in line]
    assert len(whole) > 1
    page = cli.ok("decision", "list", "--limit", "1")
    seen = [line for line in page.out.splitlines() if "CARRIED OUT" not in line]
    while "more follow: " in page.err:
        page = cli.ok("decision", "list", "--limit", "1", *page.err.split("more follow: ")[1].split())
        seen += page.out.splitlines()
    assert seen == whole
