"""Intervals of shares: how well a count of people says what share there is behind it.

The rule: no share is shown without the number of people that it rests on and the interval that follows from it.
"""

from math import sqrt
from typing import Final

# Nineteen of twenty such intervals hold the true share.
Z: Final = 1.959963984540054


def wilson(count: int, of: int) -> tuple[float, float]:
    """Give the score interval of a share (Wilson 1927), from 0 to 1; all of it where nobody was counted.

    :param count: those of whom it is true, of all ``of``.
    """
    if of <= 0:
        return 0.0, 1.0
    share = count / of
    middle = (share + Z * Z / (2 * of)) / (1 + Z * Z / of)
    reach = Z / (1 + Z * Z / of) * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    # Where all or none are counted, the formula gives the end itself, but for the rounding.
    return 0.0 if count == 0 else middle - reach, 1.0 if count == of else middle + reach
