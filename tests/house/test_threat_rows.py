"""The table of threats against the folder: every row that this order owes has its file, attacks, an honest twin, and no skip."""

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import SHARED

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "threats"
TABLE = SHARED / "design" / "threats.md"
ROWS = {
    "T01": "duplicate_keys", "T02": "number_domain", "T03": "text_domain", "T04": "nesting", "T05": "oversize", "T06": "bombs",
    "T07": "parser_differential", "T08": "type_confusion", "T09": "mass_assignment", "T10": "bad_signature",
    "T11": "stripped_signature", "T12": "algorithm_confusion", "T13": "weak_key", "T14": "malleable_signature",
    "T15": "replay_same_ledger", "T16": "replay_other_ledger", "T17": "key_substitution", "T18": "shared_key",
    "T19": "key_validity", "T20": "back_dating", "T34": "database_role",
}  # fmt: skip
"""The rows that are promised now; files of later rows are held to the same form."""
ABSENT = {"is absent", "not beside this checkout"}


def row_files() -> dict[str, Path]:
    """Row → its file."""
    found = {}
    for path in sorted(FOLDER.glob("test_t[0-9][0-9]_*.py")):
        number = "T" + path.stem[6:8]
        assert number not in found, f"{number} has two files"
        found[number] = path
    return found


FILES = row_files()


def test_every_promised_row_has_its_file() -> None:
    assert {row: FILES[row].stem for row in ROWS} == {row: f"test_{row.lower()}_{name}" for row, name in ROWS.items()}


@pytest.mark.skipif(not TABLE.is_file(), reason="the shared design folder is absent")
def test_names_are_those_of_the_table() -> None:
    table = dict(re.findall(r"^\| (T[0-9]{2}) `([a-z_]+)` \|", TABLE.read_text(), re.MULTILINE))
    assert len(table) == 66
    assert {row: table[row] for row in ROWS} == ROWS
    assert {row: path.stem.removeprefix(f"test_{row.lower()}_") for row, path in FILES.items()} == {
        row: table[row] for row in FILES
    }


@pytest.mark.parametrize("row", sorted(FILES))
def test_attack_and_honest_twin_and_no_skip(row: str) -> None:
    """A skip may only say that the shared folder of facts is not beside the checkout."""
    text = FILES[row].read_text()
    tree = ast.parse(text)
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert any(n.startswith("test_attack_") for n in names), f"{row}: no attack"
    assert any(n.startswith("test_honest_") for n in names), f"{row}: no honest twin"
    assert (ast.get_docstring(tree) or "").startswith((f"{row}:", f"{row} ")), f"{row}: its file begins with the row"
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "pytest.skip",
            "pytest.mark.skip",
            "pytest.mark.xfail",
            "pytest.xfail",
        }:
            raise AssertionError(f"{row}: {ast.unparse(node)}")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.skipif":
            assert any(words in ast.unparse(node) for words in ABSENT), f"{row}: {ast.unparse(node)}"
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    assert all(any(isinstance(x, ast.Assert | ast.With) or _asserts(x) for x in ast.walk(f)) for f in functions), row


def _asserts(node: ast.AST) -> bool:
    """The helpers that assert: a door that refuses or admits, a verifier that finds or holds, a database that refuses."""
    if not isinstance(node, ast.Call):
        return False
    named = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return named in {"refuses", "refuses_line", "admits", "finds", "holds", "refused"}
