"""The check at the door that a file is the model that was registered (formats.md §2): name and weights are withheld, so no rule
of admission can make it. Whoever holds the record, kept in `disclosures/` when the model was registered, can.
"""

import json
import re
from hashlib import file_digest
from pathlib import Path

from api.book import Book
from ledger.errors import Fault
from ledger.statement import model_subject
from ledger.strict import parse_digest, unhex

HEX32 = re.compile(r"[0-9a-f]{64}")
UNKNOWN = "0" * 64


def artifact_of(book: Book, stream: str, text: str) -> str:
    """The salted subject digest that `text` stands for: itself in hex, or weights by file or `sha256:…`.

    Weights other than those registered give a digest that is nobody's, so that the gate denies them by its own rule.
    """
    if HEX32.fullmatch(text) is not None:
        return text
    weights = parse_digest(text) if text.startswith("sha256:") else _digest(Path(text))
    subject = book.subject(stream)
    if subject is None:
        return UNKNOWN
    name, salt = _record(book, subject)
    return model_subject(salt, name, weights)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return "sha256:" + file_digest(stream, "sha256").hexdigest()
    except OSError as err:
        remedy = "name the file of the weights, their sha256:…, or the salted subject digest in hex"
        raise Fault("file-unreadable", "failed", f"{path}: {err.strerror}", remedy) from err


def _record(book: Book, subject: str) -> tuple[str, bytes]:
    path = book.place(f"disclosures/{subject}.subject.json")
    try:
        said = json.loads(path.read_bytes())
        name, salt, weights = said["name"], unhex(said["salt"]), said["weights"]
    except FileNotFoundError:
        detail = f"the record that binds name and weights is not in {path.parent}"
        remedy = "ask where the model was registered, or name the salted subject digest in hex"
        raise Fault("subject-record-missing", "failed", detail, remedy) from None
    except (ValueError, KeyError, TypeError) as err:
        raise Fault("subject-record-missing", "failed", f"{path} can't be read", "bring the record back") from err
    if model_subject(salt, name, weights) != subject:
        raise Fault("subject-record-missing", "failed", f"{path} is not this model's record", "bring the record back")
    return name, salt
