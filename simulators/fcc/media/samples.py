"""Sound as numbers: mono, 16 bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

RATE = 48_000


def resample(samples: Samples, rate: int, wanted_rate: int) -> Samples:
    """The same sound at another rate."""
    if rate == wanted_rate:
        return samples
    if rate % wanted_rate == 0:
        step = rate // wanted_rate
        means: Samples = samples[: len(samples) // step * step].reshape(-1, step).mean(axis=1).astype(np.int16)
        return means
    wanted = len(samples) * wanted_rate // rate
    return np.interp(np.arange(wanted) * rate / wanted_rate, np.arange(len(samples)), samples).astype(np.int16)
