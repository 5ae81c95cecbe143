"""Text from events as people may see it: what does not print stands there as an escape (T58)."""


def visible(text: str) -> str:
    """Unprintable characters (controls, bidi overrides, line breaks) as escapes; all else of Unicode as it is."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
