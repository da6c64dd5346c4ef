"""The tempo that a prompt names."""

from __future__ import annotations

import re

NAMED_BPM = re.compile(r"(?<![\d.])(\d{2,3}(?:\.\d+)?)\s*(?:bpm|beats per minute)\b", re.IGNORECASE)
SLOWEST, FASTEST = 40, 240
"""Beats per minute between which a number is a tempo."""


def named_bpm(prompt: str) -> float | None:
    """The tempo that a prompt names in numbers, or None.

    >>> named_bpm("slow steady rhythm at 64 BPM; soft piano")
    64.0
    """
    found = NAMED_BPM.search(prompt)
    return float(found[1]) if found and SLOWEST <= float(found[1]) <= FASTEST else None
