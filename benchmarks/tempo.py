"""Does music made for a part end on one? Takes as the model makes them beside takes whose tempo is held.

    python -m benchmarks.tempo [--model pocket] [--seeds 2]

For prompts as the palette writes them, each for a part of 12 to 15 s that is whole bars: how far the beats in the
part's second half are from the grid that begins with the part, in beats (0 is on it, 0.5 is between two), and how well
the wanted tempo explains the take.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from riffusion_inference import GenerationSettings, MusicModel, Take, load_model
from riffusion_inference.takes.beats import beats_off, tempo_match
from riffusion_inference.takes.tempo_hold import hold_takes, samples_to_make

CASES = (
    ("happy, playful atmosphere; fast steady rhythm at {} BPM; brass section melody, disco, drums, major key", 128, 8),
    ("confident, playful atmosphere; medium tempo steady rhythm at {} BPM; electric guitar riff, funk, drums", 96, 6),
    (
        "dark, hypnotic atmosphere; fast steady rhythm at {} BPM; crystal synth arpeggios, techno, drums, minor key",
        120,
        6,
    ),
    ("energetic, confident atmosphere; fast steady rhythm at {} BPM; electric guitar melody, rock, drums", 133, 8),
    ("calm, nostalgic atmosphere; slow steady rhythm at {} BPM; electric piano melody, lo-fi, drums", 80, 4),
    ("warm, calm atmosphere; medium tempo steady rhythm at {} BPM; acoustic guitar melody, folk, no drums", 100, 6),
)
"""Prompt, tempo, bars."""


def main() -> None:
    """Print one line for each take and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket")
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    model = load_model(args.model)
    rows = []
    for prompt, bpm, bars in CASES:
        for seed in range(args.seeds):
            settings = GenerationSettings(prompt.format(bpm), seed=seed, guidance_scale=6.0, num_inference_steps=20)
            free = make(model, settings, bpm, bars, None)
            held = make(model, settings, bpm, bars, bpm)
            rows.append((*judged(free, bpm), *judged(held, bpm)))
            found = "" if "moved" in " ".join(held.notes) else " (no beat found)"
            off_free, match_free, off_held, match_held = rows[-1]
            print(
                f"{bpm} BPM, {bars} bars, seed {seed}: off the grid {off_free:.2f} beats free, {off_held:.2f} held; "
                f"tempo match {match_free:.2f} free, {match_held:.2f} held{found}",
                flush=True,
            )
    medians = np.median(np.array(rows), axis=0)
    print(f"Median off the grid: {medians[0]:.2f} beats free, {medians[2]:.2f} held.")
    print(f"Median tempo match: {medians[1]:.2f} free, {medians[3]:.2f} held.")


def make(model: MusicModel, settings: GenerationSettings, bpm: float, bars: int, held_bpm: float | None) -> Take:
    """One take of whole bars, its tempo held or not."""
    n_samples = round(bars * 240 / bpm * model.sample_rate)
    asked = replace(settings, bpm=held_bpm)
    made = model.generate(asked, samples_to_make(asked, n_samples, model.sample_rate), model.sample_rate)
    return hold_takes(made, asked, n_samples)[0]


def judged(take: Take, bpm: float) -> tuple[float, float]:
    """Beats off the grid in the second half, and the tempo match."""
    middle = take.waveform.n_samples / take.waveform.sample_rate / 2
    return abs(beats_off(take.waveform, bpm, start=middle)), tempo_match(take.waveform, bpm)


if __name__ == "__main__":
    main()
