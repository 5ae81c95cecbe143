"""Every projection of this release, by hand (domain.md §7): what the projector runs, and what an audit folds again."""

from typing import Final

from projections.decisions import DECISIONS
from projections.frameworks import FRAMEWORKS
from projections.history import HISTORY
from projections.keys import KEYS
from projections.model_status import MODEL_STATUS
from projections.obligations import OBLIGATIONS
from projections.projection import Projection
from projections.safeguards import SAFEGUARDS
from projections.thresholds import THRESHOLDS

QUESTIONS: Final[tuple[Projection, ...]] = (
    DECISIONS,
    FRAMEWORKS,
    HISTORY,
    KEYS,
    MODEL_STATUS,
    OBLIGATIONS,
    SAFEGUARDS,
    THRESHOLDS,
)
"""In the order of their names."""
