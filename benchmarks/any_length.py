"""Music of any length: exact sample counts, memory, and whether the windows' joints can be heard.

    python -m benchmarks.any_length [--model pocket] [--steps 10] [--seconds 1 5.11 12.3 60]

Each length is made in a process of its own, so that its peak memory is its own. The seam measure compares three
jumps, each between the 60 ms before and the 60 ms after an instant: of level (dB), of the spectrum (flux: the norm of
the difference of the two magnitude spectra over the sum of their norms), and of timbre (spectral centroid, octaves).
The joints are the instants where a window of the last step begins or ends. Music has a beat, and joints are evenly
spaced, so they are compared with themselves: the same pattern of instants, moved along the piece to every other place.
A z within 2 says that the joints' mean jump is like that of the pattern anywhere else. A model that paints scores gets
one that is written for the length.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from fractions import Fraction

import numpy as np

from riffusion_inference import GenerationSettings, load_model
from riffusion_inference.diffusion.model import RiffusionModel
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score

SAMPLE_RATE = 44100
SIDE_SECONDS = 0.06
PROMPT = "upbeat pop, piano, bass and drums"


def jumps(sound: np.ndarray, at: float) -> tuple[float, float, float] | None:
    """Return the jumps of level, spectrum and centroid at an instant, or None within 60 ms of an end.

    Args:
        sound: [T].
        at: seconds.
    """
    n_side, middle = int(SIDE_SECONDS * SAMPLE_RATE), round(at * SAMPLE_RATE)
    if middle < n_side or middle + n_side > len(sound):
        return None
    sides = np.stack([sound[middle - n_side : middle], sound[middle : middle + n_side]])
    spectra = np.abs(np.fft.rfft(sides * np.hanning(n_side))) + 1e-9
    levels = 10 * np.log10(np.mean(sides**2, axis=1) + 1e-12)
    frequencies = np.fft.rfftfreq(n_side, 1 / SAMPLE_RATE)
    centroids = np.log2((spectra * frequencies).sum(axis=1) / spectra.sum(axis=1))
    flux = np.linalg.norm(spectra[1] - spectra[0]) / np.linalg.norm(spectra, axis=1).sum()
    return abs(float(levels[1] - levels[0])), float(flux), abs(float(centroids[1] - centroids[0]))


def seams(sound: np.ndarray, joints: list[float]) -> dict[str, list[float]]:
    """Return for each measure [mean at joints, mean of the moved patterns, z]; empty where there are no joints.

    Args:
        sound: [T].
        joints: seconds.
    """
    step, length = 0.01, len(sound) / SAMPLE_RATE
    jump_at = [jumps(sound, index * step) for index in range(int(length / step))]
    known = np.array([jump if jump else (np.nan,) * 3 for jump in jump_at])
    inside = np.array([joint for joint in joints if SIDE_SECONDS < joint < length - SIDE_SECONDS])
    if not len(inside):
        return {}

    def mean(moved_by: float) -> np.ndarray:
        places = np.round((inside + moved_by) % length / step).astype(int) % len(known)
        return np.nanmean(known[places], axis=0) if np.isfinite(known[places]).any() else np.full(3, np.nan)

    here = mean(0.0)
    elsewhere = np.array([mean(moved_by) for moved_by in np.arange(0.1, length - 0.1, step)])
    usual, spread = np.nanmean(elsewhere, axis=0), np.nanstd(elsewhere, axis=0) + 1e-12
    columns = zip(("level dB", "flux", "centroid oct"), here, usual, (here - usual) / spread, strict=True)
    return {name: [float(a), float(b), float(c)] for name, a, b, c in columns}


def make_one(arguments: argparse.Namespace, seconds: float) -> dict[str, object]:
    """Make one piece in this process and measure it."""
    model = load_model(arguments.model, device=arguments.device, max_image_width=arguments.max_image_width)
    assert isinstance(model, RiffusionModel)
    loaded_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    n_samples = round(seconds * SAMPLE_RATE)
    start = time.perf_counter()
    length = Fraction(n_samples, SAMPLE_RATE)
    scores = (write_score(read_prompt(PROMPT), length, arguments.seed),) if model.takes_scores else ()
    settings = GenerationSettings(
        PROMPT,
        seed=arguments.seed,
        guidance_scale=arguments.guidance,
        num_inference_steps=arguments.steps,
        scores=scores,
    )
    take = model.generate(settings, n_samples, SAMPLE_RATE)[0]
    spent = time.perf_counter() - start
    _, plan = model.plan(n_samples, SAMPLE_RATE, sketched=bool(scores))
    latent_seconds = model.params.hop_length / model.params.sample_rate * model.factor
    joints = [joint * latent_seconds for joint in plan.moved(arguments.steps - 1).joints()]
    return {
        "seconds": seconds,
        "wanted": n_samples,
        "got": take.waveform.n_samples,
        "windows": plan.n_windows,
        "spent": spent,
        "loaded_mb": loaded_mb,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seams": seams(take.waveform.samples.mean(axis=0), joints),
    }


def report(result: dict[str, object]) -> None:
    """Print one piece's measures."""
    print(
        f"{result['seconds']:>6} s: {result['got']} samples of {result['wanted']}, {result['windows']} window(s), "
        f"{result['spent']:.1f} s spent, peak {result['peak_mb']:.0f} MB ({result['loaded_mb']:.0f} MB once loaded)"
    )
    measures = result["seams"]
    assert isinstance(measures, dict)
    for name, (near, far, z) in measures.items():
        print(f"          {name:13s} at joints {near:7.3f}, elsewhere {far:7.3f}, z {z:+.2f}")


def main() -> None:
    """Measure every length, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="pocket", help="name or folder of a spectrogram checkpoint (default pocket)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--max-image-width", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, nargs="+", default=[1, 5.11, 12.3, 60])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(make_one(arguments, arguments.seconds[0])))
        return
    options = ["--model", arguments.model, "--device", arguments.device, "--steps", str(arguments.steps)]
    options += ["--guidance", str(arguments.guidance)]
    options += ["--seed", str(arguments.seed), "--max-image-width", str(arguments.max_image_width), "--child"]
    results = []
    for seconds in arguments.seconds:
        command = [sys.executable, "-m", "benchmarks.any_length", *options, "--seconds", str(seconds)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        results.append(json.loads(done.stdout.splitlines()[-1]))
        report(results[-1])
    if any(result["got"] != result["wanted"] for result in results):
        sys.exit("a piece has a wrong number of samples")


if __name__ == "__main__":
    main()
