"""T33: fields or entries leave that the recipient's profile does not allow.

The profile travels in the bundle and is an allow-list: whoever puts more in, with the engine's own key, is found by both
verifiers. The builder's side is that nothing else gets in.
"""

import json
from typing import Any

import pytest

from auditor.bundle import Trust, verify_bundle
from auditor.verdict import VerifyVerdict as V
from disclosures.closure import read_found
from disclosures.profile import profile_object
from disclosures.static import verify as one_file
from disclosures.stored_zip import format_zip
from tests.disclosures.forger import honest, told
from tests.disclosures.lab_source import LabSource, built
from tests.disclosures.test_profile import SHIPPED, shipped

NAME = b"Fictional-1"
NAMING = {"auditor-full", "eu-ai-office-full"}
"""The shipped profiles that let a model's name out."""


def held() -> dict[str, tuple[str, ...]]:
    """What the lab holds of withheld fields, by event id."""
    lab, disclosed = told()
    source = LabSource(lab, {})
    return {read_found(n, source.entry(n)).statement.predicate.event_id: texts for n, texts in disclosed.items()}


def refused(files: dict[str, bytes]) -> None:
    """Both verifiers say that it shows more than the profile allows."""
    report = verify_bundle(files, Trust(told()[0].pin(1)))
    assert report.verdict is V.INVALID
    assert "profile-exceeded" in {c.code for c in report.checks}
    checks, _ = one_file.verify(format_zip(files), None)
    assert "profile-exceeded" in {c[2] for c in checks}


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - NAMING))
def test_attack_everything_under_a_narrow_profile(name: str) -> None:
    """The whole story with the name disclosed, and the request says that it is for this profile."""
    refused(honest(profile=profile_object(shipped(name))).files())


@pytest.mark.parametrize("name", sorted(set(SHIPPED) - NAMING))
def test_attack_the_name_added_to_an_honest_bundle(name: str) -> None:
    """The builder's own bundle, and one field disclosure more, sealed anew."""
    lab, disclosed = told()
    ((index, texts),) = disclosed.items()
    files = built(lab.fork(), shipped(name), held())
    assert NAME not in b"".join(files.values())
    payload = {p: c for p, c in files.items() if p.startswith("data/")}
    payload[f"data/disclosures/{index}.jsonl"] = f"{texts[0]}\n".encode()
    forger = honest(profile=profile_object(shipped(name)))
    report = verify_bundle(forger.seal(payload), Trust(told()[0].pin(1)))
    assert {c.code for c in report.checks} & {"profile-exceeded", "bag-extra"}, report.to_json()
    assert report.verdict is V.INVALID


def test_attack_a_profile_bent_to_fit() -> None:
    """A profile that names what does not exist, or lets fields go that no type withholds, is no profile."""
    for change in ({"shows": []}, {"claims": ["everything"]}, {"more": 1}):
        value: dict[str, Any] = {**profile_object(shipped("auditor-full")), **change}
        report = verify_bundle(honest(profile=value).files(), Trust(told()[0].pin(1)))
        assert "profile-form" in {c.code for c in report.checks}
        assert report.verdict is V.INVALID


@pytest.mark.parametrize("name", SHIPPED)
def test_honest_the_entitled_reader_gets_the_field(name: str) -> None:
    """Where the profile lets it out the field is there and fits its digest; elsewhere no byte of it is."""
    files = built(told()[0].fork(), shipped(name), held(), since=(1,))
    assert verify_bundle(files, Trust(told()[0].pin(1))).verdict is V.VALID_UNWITNESSED
    texts = [json.dumps(list(files[p].decode().split())) for p in files if p.startswith("data/disclosures/")]
    assert bool(texts) == (name in NAMING)
