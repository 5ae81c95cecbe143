"""Join `disclosures/browser/` into `disclosures/static/receipt.html`. `make verifier`; a test compares."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "disclosures" / "browser"
TARGET = SOURCE.parent / "static" / "receipt.html"
SCRIPTS = ("strict.js", "curve.js", "tree.js", "note.js", "receipt.js", "page.js")


def digest(text: str) -> str:
    """A source of a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def join() -> str:
    """The page: follows from the sources alone. Its policy allows its own style and script, and nothing else."""
    style = (SOURCE / "page.css").read_text(encoding="utf-8")
    script = "".join((SOURCE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    page = (SOURCE / "page.html").read_text(encoding="utf-8")
    for mark, text in (
        ("STYLE_HASH", digest(style)),
        ("SCRIPT_HASH", digest(script)),
        ("STYLE", style),
        ("SCRIPT", script),
    ):
        page = page.replace(f"@{mark}@", text)
    return page


if __name__ == "__main__":
    TARGET.write_text(join(), encoding="utf-8")
