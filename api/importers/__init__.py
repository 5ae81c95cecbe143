"""One file per evaluation tool: bytes of its log in, canonical records out."""
