"""Tones in files, for Chromium's pretended microphone."""

from __future__ import annotations

import array
import math
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pathlib

RATE = 48_000
LOUD = 30_000
SOUND_S, PAUSE_S, EDGE_S = 0.6, 0.4, 0.01


def write_tone(path: pathlib.Path, hertz: int, seconds: int = 10) -> pathlib.Path:
    """Write `seconds` (whole ones) of a sine in bursts, mono, 16 bit.

    In bursts, because a browser takes an even tone for noise or echo, and after some seconds lets nothing of it through
    while the other side is heard; people pause.
    """
    period = SOUND_S + PAUSE_S

    def loudness(moment: float) -> float:
        into = moment % period
        return max(0.0, min(1.0, into / EDGE_S, (SOUND_S - into) / EDGE_S))

    moments = (n / RATE for n in range(RATE * seconds))
    samples = array.array("h", (int(LOUD * loudness(t) * math.sin(2 * math.pi * hertz * t)) for t in moments))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return path
