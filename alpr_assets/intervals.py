"""How far a counted share may be from the true one."""

from __future__ import annotations

import math
from typing import Final

Z: Final = 1.959963984540054  # of the normal distribution, two-sided 95 %


def wilson(n_right: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share, 0–1; (0, 1) where nothing was counted. Weighted counts are as good.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    if n == 0:
        return 0.0, 1.0
    share, square = n_right / n, Z * Z
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    return (0.0 if n_right == 0 else centre - half), (1.0 if n_right == n else centre + half)
