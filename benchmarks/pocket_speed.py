"""How long 5.11 s of music takes with the embedded checkpoint on a CPU, and how much memory.

    python -m benchmarks.pocket_speed [--threads 2] [--steps 20]

Imports and loading are timed apart; the fastest of the repeats counts. The stages are denoising, decoding the image,
and turning it into sound.
"""

from __future__ import annotations

import argparse
import resource
import time

N_SAMPLES, SAMPLE_RATE = 225351, 44100


def main() -> None:
    """Load the checkpoint, make the music and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default="pocket")
    arguments = parser.parse_args()
    start = time.perf_counter()
    import torch

    from riffusion_inference import GenerationSettings, Progress, load_model

    torch.set_num_threads(arguments.threads)
    model = load_model(arguments.model, device="cpu")
    loaded = time.perf_counter() - start
    settings = GenerationSettings("calm piano, slow", seed=1, num_inference_steps=arguments.steps)
    best: dict[str, float] = {}
    for _ in range(arguments.repeats):
        marks = {"start": time.perf_counter()}

        def note(progress: Progress, marks: dict[str, float] = marks) -> None:
            marks[progress.stage] = time.perf_counter()

        cpu = time.process_time()
        model.generate(settings, N_SAMPLES, SAMPLE_RATE, on_progress=note)
        ends = list(marks.values())
        spent = {"all": time.perf_counter() - marks["start"], "CPU": time.process_time() - cpu}
        spent |= {stage: end - before for stage, end, before in zip(list(marks)[1:], ends[1:], ends, strict=False)}
        best = min(best or spent, spent, key=lambda one: one["all"])
    print(f"{model.name}, {arguments.steps} steps, {arguments.threads} CPU thread(s), torch {torch.__version__}")
    print(f"imports and loading: {loaded:.2f} s")
    for stage, seconds in best.items():
        print(f"{stage:>10s}: {seconds:6.2f} s")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
