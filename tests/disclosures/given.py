"""A verified bundle of the simulated lab, as a form is given it; and its keys as other tools load them."""

from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from api.founding import ENGINE
from disclosures.form import Given
from disclosures.report import Verified
from disclosures.shown import read_shown
from disclosures.stored_zip import format_zip
from ledger.keys import Signer
from tests.disclosures.forger import MODEL, Forger, honest

SAID = Verified(
    "UNANCHORED",
    "nothing from outside ties it to the past",
    (("pin", "UNANCHORED", "no pin was given"),),
    ("that it rained",),
)


def given(forger: Forger | None = None, **more: Any) -> Given:
    """What a form is made from; by default a bundle with one withheld entry, and the ledger's engine key."""
    forger = forger or honest(withheld={(MODEL, 3): "x"})
    files = forger.files()
    digest = sha256(format_zip(files)).hexdigest()
    whole: dict[str, Any] = {
        "verified": SAID,
        "name": "results.json",
        "signer": forger.lab.keys[ENGINE],
        "entry": 44,
        **more,
    }
    return Given(files, read_shown(files), digest, **whole)


def public_pem(signer: Signer) -> bytes:
    """The public key as others read it."""
    return load_der_public_key(signer.spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
