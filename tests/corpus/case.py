"""A case of the negative corpus: files that are wrong in one way, named by their defect, and what every verifier must say."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

from api import author
from disclosures.stored_zip import format_zip
from ledger.note import CheckpointSigner, NoteSignature, TreeHead, Vkey, verify_line
from tests.disclosures.forger import Forger, told
from tests.simulator import Lab

FOLDER = Path(__file__).parent
KEPT = FOLDER / "signatures.json"
"""ML-DSA signatures are made by chance: those of the corpus are kept, so that it is made again without a difference."""
Files = dict[str, bytes]
Bytes = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Case:
    """`name` is the defect. `make` gives the file; `verdict` and `code` are the auditor's, under `pin` of size 1 unless it is 0 (no
    pin). `kind`: `bundle` (a zip), `export` (a folder, here as a zip of the same form), `proof`, `checkpoint` or `split`. `alone`:
    the verdict of a verifier that folds no claims and renders no report, where it is another.
    """

    name: str
    make: Bytes = field(repr=False)
    code: str
    verdict: str = "INVALID"
    kind: str = "bundle"
    pin: int = 1
    alone: str = ""


class KeptLog:
    """The lab's log keys, whose ML-DSA signatures are looked up before they are made (`ledger.note.CheckpointSigner`)."""

    def __init__(self, log: CheckpointSigner, kept: dict[str, str]) -> None:
        self._log, self._kept, self.vkeys = log, kept, log.vkeys

    def sign(self, text: str, head: TreeHead, timestamp: int) -> tuple[NoteSignature, ...]:
        """Both lines; the second as it was made first, if it still verifies."""
        name = sha256(f"{self.vkeys[1]} {timestamp} {text}".encode()).hexdigest()
        old = bytes.fromhex(self._kept.get(name, ""))
        one, two = self._log.sign(text, head, timestamp)
        if old[:8] == timestamp.to_bytes(8, "big") and verify_line(self.vkeys[1], text, head, old):
            return one, NoteSignature(two.name, two.key_id, old)
        self._kept[name] = two.signature.hex()
        return one, two


@lru_cache(maxsize=1)
def kept() -> dict[str, str]:
    """The signatures that are kept; whoever generates the corpus writes them back."""
    return dict(json.loads(KEPT.read_text())) if KEPT.exists() else {}


def steady(lab: Lab) -> Lab:
    """A fork of the lab, whose checkpoints are the same bytes in every run."""
    forked = lab.fork()
    forked.log = KeptLog(lab.log, kept())  # type: ignore[assignment]  # it signs as the log does
    return forked


def unsafe_salts() -> Iterator[bytes]:
    """Salts that are the same for every field: of use for nothing but bytes that can be made again."""
    return (sha256(f"corpus salt {n}".encode()).digest()[:16] for n in count())


@contextmanager
def steady_salts() -> Iterator[None]:
    """What is withheld meanwhile, decoys among it, has digests that are the same in every run."""
    fresh, author.salts = author.salts, unsafe_salts
    try:
        yield
    finally:
        author.salts = fresh


@lru_cache(maxsize=1)
def story() -> tuple[Lab, dict[int, tuple[str, ...]]]:
    """The forger's story, told with such salts."""
    with steady_salts():
        lab, disclosed = told.__wrapped__()
    return steady(lab), disclosed


@lru_cache(maxsize=1)
def thief() -> Lab:
    """A log of the same name with other keys."""
    with steady_salts():
        return steady(Lab("dev/simulated", name="thief"))


def forger(**more: Any) -> Forger:
    """The honest bundle of the told story, as a forger who can bend any part of it."""
    lab, disclosed = story()
    return Forger(lab.fork(), disclosures=disclosed, **more)


@lru_cache(maxsize=1)
def good() -> Files:
    """The files of the honest bundle."""
    return forger().files()


@lru_cache(maxsize=1)
def good_zip() -> bytes:
    """Its zip."""
    return format_zip(good())


@lru_cache(maxsize=1)
def payload() -> Files:
    """The honest bundle's payload."""
    return forger().payload()


def bent(bend: Callable[[Files], object]) -> Bytes:
    """A payload bent, then sealed by the engine's real key."""

    def make() -> bytes:
        files = dict(payload())
        bend(files)
        return format_zip(forger().seal(files))

    return make


def unsealed(bend: Callable[[Files], object]) -> Bytes:
    """The sealed files bent, and not sealed again."""

    def make() -> bytes:
        files = dict(good())
        bend(files)
        return format_zip(files)

    return make


def put(path: str, content: bytes) -> Callable[[Files], None]:
    """Set a file."""
    return lambda files: files.update({path: content})


def replaced(path: str, old: bytes, new: bytes, count: int = 1) -> Callable[[Files], None]:
    """Replace bytes of a file; what is not there can't be."""

    def bend(files: Files) -> None:
        assert old in files[path], (path, old)
        files[path] = files[path].replace(old, new, count)

    return bend


def all_of(*bends: Callable[[Files], object]) -> Callable[[Files], None]:
    """One after the other."""

    def bend(files: Files) -> None:
        for one in bends:
            one(files)

    return bend


def vkeys(lab: Lab) -> Sequence[Vkey]:
    """The verifier keys of a lab's log."""
    return lab.log.vkeys
