"""All cases of the negative corpus, by name."""

from tests.corpus import bags, containers, disclosed, exports, streams, trees
from tests.corpus.case import Case

CASES: dict[str, Case] = {
    case.name: case for part in (containers, bags, trees, streams, disclosed, exports) for case in part.CASES
}
COUNT = sum(len(part.CASES) for part in (containers, bags, trees, streams, disclosed, exports))
"""More than `CASES` holds if two have one name."""
