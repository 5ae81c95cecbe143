"""A witness's keys: cosignatures over a checkpoint, of type 0x04 (Ed25519) and 0x06 (ML-DSA-44) (C2SP tlog-cosignature)."""

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from ledger.errors import Fault, Malformed
from ledger.note import (
    ED25519_COSIGNATURE,
    MLDSA44_COSIGNATURE,
    NoteSignature,
    TreeHead,
    Vkey,
    cosigned_message,
    parse_vkey,
    verify_line,
)


class Cosigner:
    """Both keys of one witness in memory. `name` is a key name without spaces or plus signs, such as `witness.example/one`."""

    def __init__(self, name: str, classical: ed25519.Ed25519PrivateKey, quantum: mldsa.MLDSA44PrivateKey) -> None:
        if not isinstance(classical, ed25519.Ed25519PrivateKey) or not isinstance(quantum, mldsa.MLDSA44PrivateKey):
            raise Malformed("witness-key", "private", "key-algorithm")
        self._classical, self._quantum = classical, quantum
        one = Vkey(name, ED25519_COSIGNATURE, classical.public_key().public_bytes_raw())
        two = Vkey(name, MLDSA44_COSIGNATURE, quantum.public_key().public_bytes_raw())
        self.vkeys = (parse_vkey(str(one)), parse_vkey(str(two)))

    def cosign(self, text: str, head: TreeHead, seconds: int) -> tuple[NoteSignature, ...]:
        """A line per key over a checkpoint's text, at `seconds` since 1970 (above 0), verified before anybody sees it.

        Raises `Fault` `signer-self-check`, `Malformed` `timestamp-zero`.
        """
        if seconds <= 0:
            raise Malformed("cosignature", "time", "timestamp-zero")
        stamp = seconds.to_bytes(8, "big")
        one, two = self.vkeys
        messages = (
            self._classical.sign(f"cosignature/v1\ntime {seconds}\n{text}".encode()),
            self._quantum.sign(cosigned_message(two.name, seconds, head.origin, head.size, head.root)),
        )
        lines = tuple(
            NoteSignature(vkey.name, vkey.key_id, stamp + signature)
            for vkey, signature in zip((one, two), messages, strict=True)
        )
        if not all(verify_line(v, text, head, line.signature) for v, line in zip(self.vkeys, lines, strict=True)):
            raise Fault("signer-self-check", "failed", "a cosignature does not verify", "replace the key file")
        return lines
