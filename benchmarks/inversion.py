"""Spectrogram to sound: ours against the library's InverseMelScale and GriffinLim(32), both ratios in one run.

    python -m benchmarks.inversion [--threads 2]
    python -m benchmarks.inversion --music          recordings in place of the clips made by code
    python -m benchmarks.inversion --music --iterations 32

Clips of at most 5.11 s are drawn with Riffusion's parameters and turned back into sound by both: three made by code, or
the two recordings of music that come with gradio. Errors are of the result's own spectrogram against the one it was
made from: spectral convergence (dB of the error's norm, lower is better) over mel amplitudes, and the mean difference
of image pixels (of 255). The fastest of the repeats counts; on a busy machine the CPU seconds with --threads 1 say more
than the wall's.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from benchmarks.clips import make_clips, recorded_clips
from riffusion_inference.datatypes import Spectrogram, SpectrogramParams, Waveform
from riffusion_inference.spectrogram.inversion import N_ITER, waveform_from_mel
from riffusion_inference.spectrogram.mel import mel_from_waveform

PARAMS = SpectrogramParams()


def library(spectrogram: Spectrogram) -> np.ndarray:
    """Invert as other Riffusion programs do: n_fft 17640, least squares, 32 Griffin-Lim iterations."""
    from torchaudio.transforms import GriffinLim, InverseMelScale

    params = spectrogram.params
    inverse = InverseMelScale(
        n_stft=params.n_fft // 2 + 1,
        n_mels=params.n_mels,
        sample_rate=params.sample_rate,
        f_min=params.f_min,
        f_max=params.f_max,
        norm=None,
        mel_scale="htk",
    )
    phases = GriffinLim(
        n_fft=params.n_fft, win_length=params.win_length, hop_length=params.hop_length, power=1.0, n_iter=32
    )
    torch.manual_seed(0)
    return phases(inverse(torch.from_numpy(spectrogram.mel_amplitudes))).numpy()


def ours(spectrogram: Spectrogram, n_iter: int = N_ITER) -> np.ndarray:
    """Invert as this project does."""
    return waveform_from_mel(spectrogram, n_iter=n_iter).samples


def convergence_db(spectrogram: Spectrogram, samples: np.ndarray) -> float:
    """Return 20 log10 of |mel(samples) - mel| / |mel|."""
    wanted, got = _pair(spectrogram, samples)
    return 20 * float(np.log10(max(np.linalg.norm(got - wanted) / np.linalg.norm(wanted), 1e-12)))


def image_error(spectrogram: Spectrogram, samples: np.ndarray) -> float:
    """Return the mean absolute difference of 8-bit pixels, both images scaled by the wanted one's brightest point."""
    wanted, got = (
        np.floor(255 - 255 * np.clip(mel / spectrogram.mel_amplitudes.max(), 0, 1) ** PARAMS.power_for_image)
        for mel in _pair(spectrogram, samples)
    )
    return float(np.abs(wanted - got).mean())


def _pair(spectrogram: Spectrogram, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the wanted and the real mel amplitudes, equally long."""
    real = mel_from_waveform(Waveform(samples, PARAMS.sample_rate), PARAMS).mel_amplitudes
    n_frames = min(real.shape[2], spectrogram.mel_amplitudes.shape[2])
    return spectrogram.mel_amplitudes[..., :n_frames], real[..., :n_frames]


def measure(
    method: Callable[[Spectrogram], np.ndarray], spectrograms: list[Spectrogram], repeats: int
) -> dict[str, float]:
    """Return wall and CPU seconds for all clips, mean spectral convergence in dB and mean image error."""
    method(spectrograms[0])  # filters and FFT plans are made once, by both
    wall, cpu, sounds = np.inf, np.inf, []
    for _ in range(repeats):
        start, cpu_start = time.perf_counter(), time.process_time()
        sounds = [method(spectrogram) for spectrogram in spectrograms]
        wall, cpu = min(wall, time.perf_counter() - start), min(cpu, time.process_time() - cpu_start)
    pairs = list(zip(spectrograms, sounds, strict=True))
    convergence = float(np.mean([convergence_db(*pair) for pair in pairs]))
    return {"wall": wall, "cpu": cpu, "db": convergence, "image": float(np.mean([image_error(*p) for p in pairs]))}


def main() -> None:
    """Measure both and print the table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default 2)")
    parser.add_argument("--repeats", type=int, default=2, help="runs of which the fastest counts (default 2)")
    parser.add_argument("--music", action="store_true", help="take recordings")
    parser.add_argument("--iterations", type=int, default=N_ITER, help=f"of our phase retrieval ({N_ITER})")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    warnings.filterwarnings("ignore")
    clips = recorded_clips() if arguments.music else make_clips()
    spectrograms = [mel_from_waveform(clip, PARAMS) for clip in clips.values()]
    results = {
        "InverseMelScale + GriffinLim(32)": measure(library, spectrograms, arguments.repeats),
        f"riffusion_inference ({arguments.iterations})": measure(
            partial(ours, n_iter=arguments.iterations), spectrograms, arguments.repeats
        ),
    }
    print(f"{', '.join(clips)}, {arguments.threads} CPU thread(s), torch {torch.__version__}")
    print(f"{'method':34s} {'seconds':>8s} {'CPU s':>8s} {'convergence':>12s} {'image error':>12s}")
    for name, result in results.items():
        print(
            f"{name:34s} {result['wall']:8.2f} {result['cpu']:8.2f} {result['db']:9.2f} dB {result['image']:8.2f}/255"
        )
    theirs, mine = results.values()
    wall, cpu = theirs["wall"] / mine["wall"], theirs["cpu"] / mine["cpu"]
    print(f"speed: {wall:.1f} times faster, with {cpu:.1f} times less CPU time")
    spectral, image = 10 ** ((mine["db"] - theirs["db"]) / 20), mine["image"] / theirs["image"]
    print(f"error: {spectral:.2f} of the library's spectral error, {image:.2f} of its image error")


if __name__ == "__main__":
    main()
