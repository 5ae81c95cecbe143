"""Documents that several rows attack: a run's record and a pack, as bodies, and statements with bytes replaced."""

from pathlib import Path
from typing import Any

from policies.framework import load_toml, pack_digest, pack_object

ROOT = Path(__file__).resolve().parents[2]


def evaluation(run: str, **more: Any) -> dict[str, Any]:
    """A body of `evaluation.recorded` with every required member."""
    return {
        "dataset": {},
        "edits_detected": [],
        "independence": "internal",
        "log_bytes": 1,
        "log_format": "none",
        "log_sha256": "sha256:" + "0" * 64,
        "model_as_named": "fictional",
        "run": run,
        "safeguards_off": False,
        "status": "success",
        "task": "fictional",
        "task_version": "1",
        "tool": "none",
        "tool_version": "1",
        "warnings": [],
        **more,
    }


def publication() -> tuple[dict[str, Any], str]:
    """A body of `framework.published`, and its stream."""
    pack = load_toml((ROOT / "policies" / "frameworks" / "xai-faif-2025-12-30.toml").read_text(), "xai")
    value = pack_object(pack)
    body = {"digest": pack_digest(pack), "id": pack.id, "pack": value, "source_digest": pack.source.digest}
    return body, f"framework/{pack.id.lower()}"


def replaced(payload: bytes, old: bytes, new: bytes) -> bytes:
    """`payload` with `old`, which must be there, replaced once."""
    assert old in payload, payload
    return payload.replace(old, new, 1)
