"""How long 5.11 s of music takes with the embedded checkpoint on a CPU, and how much memory.

    python -m benchmarks.pocket_speed [--threads 2] [--steps 10]

Imports and loading are timed apart; the fastest of the repeats counts, and every repeat has a score of its own. The
stages are writing and sketching the score, denoising, decoding the image, and turning it into sound. Then the same for
a minute of music, and how much more or less a second of it costs.
"""

from __future__ import annotations

import argparse
import resource
import time
from fractions import Fraction

SHORT, LONG, SAMPLE_RATE = 225351, 60 * 44100, 44100
PROMPT = "calm piano, slow"


def main() -> None:
    """Load the checkpoint, make the music and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--guidance", type=float, default=1.5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default="pocket")
    arguments = parser.parse_args()
    start = time.perf_counter()
    import torch

    from riffusion_inference import GenerationSettings, MusicModel, Progress, load_model
    from riffusion_inference.score.brief import read_prompt
    from riffusion_inference.score.compose import write_score

    torch.set_num_threads(arguments.threads)
    model = load_model(arguments.model, device="cpu")
    loaded = time.perf_counter() - start

    def make(model: MusicModel, n_samples: int, seed: int) -> dict[str, float]:
        """Seconds of each stage."""
        marks = {"start": time.perf_counter()}

        def note(progress: Progress) -> None:
            marks[progress.stage] = time.perf_counter()

        cpu = time.process_time()
        scores = ()
        if model.takes_scores:
            scores = (write_score(read_prompt(PROMPT), Fraction(n_samples, SAMPLE_RATE), seed),)
            marks["write"] = time.perf_counter()
        settings = GenerationSettings(
            PROMPT,
            seed=seed,
            guidance_scale=arguments.guidance,
            num_inference_steps=arguments.steps,
            scores=scores,
        )
        model.generate(settings, n_samples, SAMPLE_RATE, on_progress=note)
        ends = list(marks.values())
        spent = {"all": time.perf_counter() - marks["start"], "CPU": time.process_time() - cpu}
        return spent | {
            stage: end - before for stage, end, before in zip(list(marks)[1:], ends[1:], ends, strict=False)
        }

    print(f"{model.name}, {arguments.steps} steps, {arguments.threads} CPU thread(s), torch {torch.__version__}")
    print(f"imports and loading: {loaded:.2f} s")
    make(model, SHORT, 0)
    each = []
    for n_samples in (SHORT, LONG):
        runs = [make(model, n_samples, seed) for seed in range(1, arguments.repeats + 1)]
        best = min(runs, key=lambda one: one["all"])
        seconds = n_samples / SAMPLE_RATE
        each.append(best["all"] / seconds)
        print(f"{seconds:.2f} s of music, {each[-1]:.3f} of real time")
        for stage, spent in best.items():
            print(f"{stage:>10s}: {spent:6.2f} s")
    print(f"a second of {LONG / SAMPLE_RATE:.0f} s costs {each[1] / each[0]:.2f} times a second of 5.11 s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
