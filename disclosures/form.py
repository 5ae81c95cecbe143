"""What a form of a verified bundle is made from, and what a form is. Each form is one file; `disclosures.forms` lists them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from disclosures.report import Verified
from disclosures.shown import Shown
from disclosures.stored_zip import Files
from ledger.errors import Fault
from ledger.keys import Signer


@dataclass(frozen=True, slots=True)
class Given:
    """A bundle that was verified. `digest` is the SHA-256 of its zip, hex; `name` the file name that the form is written under;
    `signer` and `entry` (an index) where the form asks for them.
    """

    files: Files
    shown: Shown
    digest: str
    verified: Verified
    name: str
    signer: Signer | None = None
    entry: int | None = None

    def needed_signer(self) -> Signer:
        """The key that the form is signed with. Raises `Fault` `flags-missing`."""
        if self.signer is None:
            raise Fault("flags-missing", "failed", "this form is signed", "name a key file: --key engine.pem")
        return self.signer


@dataclass(frozen=True, slots=True)
class Form:
    """A form by name. `make` gives the files by what is added to the name of the first, which is added nothing to."""

    name: str
    says: str
    make: Callable[[Given], Mapping[str, bytes]]
