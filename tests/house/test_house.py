"""The house: sizes, banned words, purity beyond what the linter sees, golden registry, and README's claims."""

import ast
import subprocess
from pathlib import Path

import pytest

from ledger.registry import BODIES, BY_TOPIC
from spec.generate import pages
from spec.verifier import NOUNS

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("ledger", "policies", "projections", "disclosures", "auditor", "api")
PURE = ("ledger", "policies", "disclosures", "auditor", "projections")
JOINED = "disclosures/static/verify.py"
"""A second verifier, in one file so that a stranger needs no other; nobody writes it: `spec.verifier` joins its parts, which are
measured like any file. It shares no code, so it has readers of its own."""
DECODERS = {"ledger/strict.py", "ledger/canonical.py", JOINED, *(f"disclosures/one_file/{n}.py" for n in NOUNS)}
BANNED_NAMES = ("utils", "common", "core", "misc", "manager", "service", "handler", "processor", "data", "info")
BANNED_CALLS = {"int", "float", "open", "__import__", "eval", "exec"}
TOPICS = 68


def files(*rooms: str) -> list[Path]:
    return [p for room in rooms for p in (ROOT / room).rglob("*.py")]


@pytest.mark.parametrize("path", [p for p in files(*ROOMS) if not str(p).endswith(JOINED)], ids=str)
def test_size_and_name(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 500
    assert path.stem not in BANNED_NAMES


@pytest.mark.parametrize("path", [p for p in files(*PURE) if "store" not in p.parts], ids=str)
def test_pure_rooms_call_no_lax_reader(path: Path) -> None:
    if str(path.relative_to(ROOT)) in DECODERS:
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in BANNED_CALLS, f"{path}:{node.lineno}"
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}: assert vanishes under -O"


def test_registry_is_sorted_and_closed() -> None:
    names = [(b.event.name, b.event.version) for b in BODIES]
    assert len(names) == len(set(names)) == len(BY_TOPIC) == TOPICS
    assert [(b.__module__, b.__name__) for b in BODIES] == sorted((b.__module__, b.__name__) for b in BODIES)
    assert all(b.event.slots >= len(b.event.withholdable) or not b.event.withholdable for b in BODIES)


def test_readme_names_the_commands() -> None:
    text = (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in text
        assert f"\n{target}: " in makefile


def test_nothing_names_a_machine_or_a_registry_host() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    needles = ("/wor" + "k/", "/ro" + "ot/", "pypi" + ".org", "pythonhosted" + ".org")
    for name in listed:
        path = ROOT / name
        if name and path.is_file() and path.suffix in {".py", ".md", ".toml", ".txt", ".sql", ".cfg", ""}:
            text = path.read_text(errors="ignore")
            assert not any(n in text for n in needles), name


def test_every_event_type_has_its_page() -> None:
    for name, text in pages().items():
        assert (ROOT / "spec" / "events" / name).read_text() == text, f"{name}: run make spec"
