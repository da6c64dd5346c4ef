"""Progress on stderr: a bar for each stage on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from riffusion_inference.datatypes import Progress

BAR_WIDTH = 30
NAME_WIDTH = 12
REDRAW_SECONDS = 0.1
LINE_SECONDS = 5.0


class ProgressLines:
    """Show each stage as it comes: one line that is redrawn on a terminal, else lines at start, end and at times."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bars = self._stream.isatty()
        self._stage = ""
        self._began = 0.0
        self._drawn = 0.0
        self._share = -1.0
        self._open = False

    def show(self, progress: Progress) -> None:
        """Take in one step."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self.close()
            self._stage, self._began, self._drawn, self._share = progress.stage, now, now, -1.0
        share = min(1.0, progress.done / max(1, progress.total))
        if self._bars:
            if share >= 1 or self._share < 0 or now - self._drawn >= REDRAW_SECONDS:
                self._drawn, self._open = now, True
                self._stream.write(f"\r\x1b[K{self._bar(share, now)}")
                self._stream.flush()
        elif share >= 1 > self._share or self._share < 0 or now - self._drawn >= LINE_SECONDS:
            self._drawn = now
            self._stream.write(f"{self._stage}: {share:.0%} ({now - self._began:.1f} s)\n")
            self._stream.flush()
        self._share = share

    def note(self, sentence: str) -> None:
        """Say something between the bars."""
        self.close()
        self._stream.write(f"note: {sentence}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line of the last bar."""
        if self._open:
            self._stream.write("\n")
            self._stream.flush()
        self._open = False

    def _bar(self, share: float, now: float) -> str:
        full = round(share * BAR_WIDTH)
        spent = now - self._began
        left = f", {spent / share - spent:.0f} s left" if 0.05 <= share < 1 and spent > 2 else ""
        return f"{self._stage:<{NAME_WIDTH}} [{'#' * full}{'.' * (BAR_WIDTH - full)}] {share:4.0%}  {spent:.1f} s{left}"
