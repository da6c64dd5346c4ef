"""Is there form in real renderings of written scores? The ceiling of `benchmarks.form`, by the same measures.

python -m training.real_form [--soundfont FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.form import SECONDS, print_form, print_seeds
from riffusion_inference.datatypes import Waveform
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.mel import mel_from_waveform
from training.dataset import EVALUATION_SEED
from training.piece import draw_piece
from training.render import SAMPLE_RATE, SOUNDFONT, render_notes


def main(arguments: list[str] | None = None) -> None:
    """Print repetition, pulse, ending, and how alike seeds are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--soundfont", type=Path, default=SOUNDFONT)
    soundfont = parser.parse_args(arguments).soundfont

    def render(prompt: str, score: Score) -> NDArray[np.float32]:
        # The piece stands for its room alone.
        piece = draw_piece(EVALUATION_SEED, genre_name=read_prompt(prompt).genre or "classical piano")
        samples = render_notes(piece, score.played(), float(SECONDS), soundfont)
        return mel_from_waveform(Waveform(samples[None], SAMPLE_RATE), GRID).mel_amplitudes[0]

    print("real renderings, form")
    print_form(render)
    print("real renderings, likeness of seeds")
    print_seeds(render)


if __name__ == "__main__":
    main()
