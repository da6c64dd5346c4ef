"""Stage `data`: compose, render and draw pieces into shards, on all cores; a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riffusion_inference.datatypes import Waveform
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.mel import mel_from_waveform
from training.piece import Piece, draw_piece
from training.render import SAMPLE_RATE, render

PARAMS = GRID
"""The embedded checkpoint's grid: 20 ms frames, 256 mel bands, 256 frames (5.1 s) to a window."""
SHARD_PIECES = 50
EVALUATION_SEED = 10**9
"""Seeds from here on are for evaluation; training never draws them."""


def pixels_from_samples(samples: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw mono samples [T] as uint8 [n_mels, F], white is silence, low frequencies at the bottom.

    The brightest amplitude of the whole piece is black, so a quiet bar of a piece stays paler than a loud one.
    """
    mel = mel_from_waveform(Waveform(samples[None], SAMPLE_RATE), PARAMS).mel_amplitudes[0]
    scaled = mel / max(float(mel.max()), 1e-9)
    pixels = 255.0 - 255.0 * scaled**PARAMS.power_for_image
    return np.round(pixels[::-1]).astype(np.uint8)


def draw_pixels(piece: Piece, n_frames: int, soundfont: Path) -> NDArray[np.uint8]:
    """Render a piece and draw it; returns uint8 [n_mels, n_frames]."""
    samples = render(piece, n_frames * PARAMS.hop_length / SAMPLE_RATE, soundfont)
    return pixels_from_samples(samples)[:, :n_frames]


def write_shard(folder: Path, index: int, n_frames: int, soundfont: Path) -> int:
    """Write shard `index` (pieces with seeds index * 50 and on) as .npy and .json; returns the pieces written."""
    import torch

    torch.set_num_threads(1)
    path = folder / f"{index:05d}.npy"
    if path.exists():
        return 0
    seeds = range(index * SHARD_PIECES, (index + 1) * SHARD_PIECES)
    pieces = [draw_piece(seed) for seed in seeds]
    pixels = np.stack([draw_pixels(piece, n_frames, soundfont) for piece in pieces])
    (folder / f"{index:05d}.json").write_text(json.dumps([piece.to_dict() for piece in pieces]))
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.save(file, pixels)
    os.replace(partial, path)
    return len(pieces)


def make_data(
    folder: Path,
    n_shards: int,
    n_frames: int,
    soundfont: Path,
    *,
    workers: int = 2,
) -> None:
    """Write all shards that are missing.

    Args:
        folder: where they go.
        n_shards: 50 pieces each.
        n_frames: length of a piece in frames of 20 ms.
        soundfont: SF2 or SF3 file.
        workers: processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if workers <= 1:
        for index in range(n_shards):
            write_shard(folder, index, n_frames, soundfont)
        return
    with ProcessPoolExecutor(workers) as pool:
        jobs = [pool.submit(write_shard, folder, index, n_frames, soundfont) for index in range(n_shards)]
        for done, job in enumerate(jobs):
            job.result()
            if done % 10 == 9:
                print(f"data: {(done + 1) * SHARD_PIECES} pieces", flush=True)


def read_shards(folder: Path) -> Iterator[tuple[NDArray[np.uint8], list[Piece]]]:
    """Yield every finished shard: pixels [50, n_mels, F] (memory-mapped) and its pieces."""
    for path in sorted(folder.glob("*.npy")):
        pieces = [Piece(**values) for values in json.loads(path.with_suffix(".json").read_text())]
        yield np.load(path, mmap_mode="r"), pieces
