"""The file back-end for keys (access.md §8): PKCS#8 PEM, mode 0600, never through a symlink, never readable by others.

A development ledger keeps a key per principal under `keys/`; a production ledger points at files of its own.
"""

import os
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from ledger.cosigner import Cosigner
from ledger.errors import Fault
from ledger.keys import Signer, SoftwareSigner
from ledger.note import LogSigner

ALGS = ("ed25519", "ecdsa-p256-sha256", "ml-dsa-65")


def _generate(alg: str) -> object:
    match alg:
        case "ed25519":
            return ed25519.Ed25519PrivateKey.generate()
        case "ecdsa-p256-sha256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ml-dsa-65":
            return mldsa.MLDSA65PrivateKey.generate()
        case "ml-dsa-44":
            return mldsa.MLDSA44PrivateKey.generate()
        case _:
            raise Fault("alg-unknown", "failed", f"no algorithm {alg}", f"one of {', '.join(ALGS)}")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read. Never over an existing one: a lost key can't be had again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Fault("key-file-exists", "failed", f"{path.name} exists", "choose another name") from None
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def new_key(path: Path, alg: str = "ed25519") -> SoftwareSigner:
    """Generate a key into `path` and return its signer."""
    key = _generate(alg)
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # type: ignore[attr-defined]  # every private key class has it, no common base declares it
    return SoftwareSigner(key)  # type: ignore[arg-type]  # narrowed by `alg` above


def read_private(path: Path) -> bytes:
    """A private file's bytes. Raises `Fault` `key-file-unreadable`, or `key-file-open` where others may read it."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as err:
        raise Fault("key-file-unreadable", "failed", f"{path.name}: {err.strerror}", "check path and owner") from err
    with os.fdopen(file, "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise Fault("key-file-open", "failed", f"{path.name} is readable by others", f"chmod 600 {path.name}")
        return stream.read(65_536)


def _read(path: Path) -> object:
    try:
        return load_pem_private_key(read_private(path), password=None)
    except (ValueError, TypeError) as err:
        raise Fault("key-file-malformed", "failed", f"{path.name} is no PKCS#8 key", "bring the right file") from err


def load_signer(path: Path) -> Signer:
    """The signer over the key in `path`."""
    return SoftwareSigner(_read(path))  # type: ignore[arg-type]  # SoftwareSigner refuses other key classes itself


def load_engine(folder: Path) -> Signer:
    """A signer of the engine, to begin with: `engine.pem`, or where it was destroyed the first of its successors."""
    path = folder / "engine.pem"
    return load_signer(path if path.exists() else next(iter(sorted(folder.glob("engine-*.pem"))), path))


def find_engine(folder: Path, keyid: str) -> Signer | None:
    """The engine's signer with this key id, from `engine.pem` or a successor's `engine-….pem`; `None` where it is not here."""
    for path in sorted(folder.glob("engine*.pem")):
        signer = load_signer(path)
        if signer.keyid == keyid:
            return signer
    return None


def _new_pair(folder: Path, whose: str) -> None:
    """Generate an Ed25519 and an ML-DSA-44 key: `WHOSE-ed25519.pem`, `WHOSE-mldsa44.pem`."""
    for name, alg in ((f"{whose}-ed25519", "ed25519"), (f"{whose}-mldsa44", "ml-dsa-44")):
        key = _generate(alg)
        write_private(folder / f"{name}.pem", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # type: ignore[attr-defined]  # as above


def new_log_keys(folder: Path, origin: str, name: str = "") -> LogSigner:
    """Generate a pair of the log's keys: Ed25519 and ML-DSA-44; `name` for a later pair. They sign checkpoints, nothing else."""
    whose = f"log-{name}" if name else "log"
    _new_pair(folder, whose)
    return _pair(folder, whose, origin)


def new_cosigner(folder: Path, name: str) -> Cosigner:
    """Generate a witness's two keys."""
    _new_pair(folder, "witness")
    return load_cosigner(folder, name)


def load_cosigner(folder: Path, name: str) -> Cosigner:
    """A witness's keys, from `witness-ed25519.pem` and `witness-mldsa44.pem` in `folder`."""
    return Cosigner(name, _read(folder / "witness-ed25519.pem"), _read(folder / "witness-mldsa44.pem"))  # type: ignore[arg-type]  # Cosigner refuses other key classes itself


def load_log_pairs(folder: Path, origin: str) -> tuple[LogSigner, ...]:
    """Every pair of the log's keys in `folder`: `log-…`, and `log-NAME-…` of a rotation. Raises `Fault` where there is none.

    A pair that is over may be destroyed, half a pair is a mistake.
    """
    names = sorted(
        {p.name.rpartition("-")[0] for kind in ("ed25519", "mldsa44") for p in folder.glob(f"log*-{kind}.pem")}
    )
    return tuple(_pair(folder, name, origin) for name in names) or (_pair(folder, "log", origin),)


def load_log_pair(folder: Path, origin: str, name: str) -> LogSigner:
    """The pair `log-NAME-…` in `folder`."""
    return _pair(folder, f"log-{name}", origin)


def _pair(folder: Path, whose: str, origin: str) -> LogSigner:
    one, two = (_read(folder / f"{whose}-{kind}.pem") for kind in ("ed25519", "mldsa44"))
    return LogSigner(origin, one, two)  # type: ignore[arg-type]  # LogSigner refuses other key classes itself
