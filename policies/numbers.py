"""Decimals as they are compared: exactly, as fractions."""

import operator
from collections.abc import Callable
from fractions import Fraction

from ledger.errors import Malformed
from ledger.strict import decimal_value

TRAINING = "training_flop"
"""The metric that `training_ops` of a registration is: operations used for training, cumulative (AI Act, Article 51(2))."""
COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def exact(text: str) -> Fraction | None:
    """A stated or measured number, or `None` where it is no canonical decimal (words, or minus zero)."""
    try:
        return decimal_value(text)
    except Malformed:
        return None


def compare(value: str, comparator: str, limit: str) -> bool:
    """Compare two canonical decimals: exactly 0.05 is not below 0.05."""
    return COMPARE[comparator](decimal_value(value), decimal_value(limit))
