"""Every bad vector is refused for its own reason, read from the file as another implementation would."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import LedgerError, Malformed, Unverified
from tests.vectors import bad

FOLDER = Path(__file__).parent / "bad"


def table(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


CASES = [(kind, name) for kind in bad.READERS for name in table(kind)]
SCALARS = [(kind, name) for kind, cases in table("scalars").items() for name in cases]


def refusal(reader: Any, value: Any) -> LedgerError:
    with pytest.raises((Malformed, Unverified)) as caught:
        reader(value)
    return caught.value


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_bad_text_is_refused_for_its_reason(kind: str, name: str) -> None:
    case = table(kind)[name]
    refused = refusal(bad.READERS[kind], bad.read(case))
    assert isinstance(refused, Malformed)
    assert refused.code == case["reason"]


@pytest.mark.parametrize(("kind", "name"), SCALARS)
def test_a_bad_scalar_is_refused_for_its_reason(kind: str, name: str) -> None:
    case = table("scalars")[kind][name]
    assert refusal(bad.SCALARS[kind], bad.read(case).decode()).code == case["reason"]


@pytest.mark.parametrize("name", table("withheld"))
def test_a_bad_disclosure_is_refused_for_its_reason(name: str) -> None:
    case = table("withheld")[name]
    assert refusal(bad.open_withheld, case).code == case["reason"]


def test_nothing_of_the_input_is_repeated() -> None:
    for kind, name in CASES:
        raw = bad.read(table(kind)[name])
        told = str(refusal(bad.READERS[kind], raw))
        assert len(told) < 200
        assert not any(part in told for part in ("Fictional", "../../keys"))
