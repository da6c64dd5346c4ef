"""Does music follow the film? Cuts found, cuts kept on beats, beats as they are heard, and loudness beside motion.

    python -m benchmarks.follow [--clips FOLDER] [--edited FOLDER] [--films 20] [--first 0] [--model pocket | sketch]

Films are cut together from real clips and photographs at random times (`benchmarks.films`), so that every cut is known
to the frame; edited clips are those of `edited_cuts.tsv` that are in a folder, their cuts marked by eye. For each film
music is made three times: following cuts, following motion, and following nothing. For every film a line:

- found: share of what was found that is a cut (precision), and of the cuts that were found (recall), to the frame.
- kept: share of the cuts a second or more from the one before that fall on a beat of the score.
- chance: cuts within 20 ms of a heard beat if the same music began anywhere else; constant: the most that one steady
  beat of any tempo and phase in the search's reach can meet within 20 ms.
- heard: median and worst distance of kept cuts to the nearest beat as heard in the sound, in ms, and the share within
  20 ms. A beat is heard where sound rises most, within 50 ms of where it is written.
- loud: rank correlation of the music's loudness, over a second, with motion: following motion, and following nothing.
  Motion is here the plain mean change of brightness from frame to frame, measured apart from what the music was given.

`--pictures FOLDER` keeps a picture of each film: what was found, and the bars and beats of the music that follows it.
`--model sketch` turns the drawing of the score itself into sound, and needs no model.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from app.media import Clip, probe
from app.mood import Watched, draw_strip, followed, watch
from app.plan import Follow, plan_parts, time_of
from benchmarks.films import RATE, cut_film, find_sources
from benchmarks.hearing import (
    CLOSE,
    Array,
    at_best_constant_tempo,
    by_chance,
    distances,
    heard_beats,
    loudness_over,
    rank_correlation,
    rises_of,
)
from riffusion_inference import GenerationSettings, MusicModel, load_model
from riffusion_inference.datatypes import Spectrogram
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import read_prompt
from riffusion_inference.score.compose import write_score
from riffusion_inference.score.follow import APART, FREEDOM
from riffusion_inference.score.sketch import draw_sketch
from riffusion_inference.score.timbres import GRID
from riffusion_inference.spectrogram.inversion import waveform_from_mel

PROMPTS = ("rock", "calm piano", "epic orchestral", "lo-fi", "techno", "ambient pads", "acoustic guitar, folk")
PROMPTS += ("solo cello", "jazz", "house, 124 bpm")
EDITED = Path(__file__).with_name("edited_cuts.tsv")


@dataclass(frozen=True)
class Row:
    """What is measured of one film."""

    name: str
    prompt: str
    n_cuts: int
    precision: float
    recall: float
    kept: float
    chance: float
    constant: float
    heard_ms: tuple[float, ...]
    loud: float
    loud_off: float

    def line(self) -> str:
        """The row as it is printed."""
        median, worst, close = _heard(self.heard_ms)
        return (
            f"{self.name[:24]:24s} {self.prompt[:18]:18s} {self.n_cuts:4d} {self.precision:6.2f} {self.recall:6.2f} "
            f"{self.kept:6.2f} {self.chance:6.2f} {self.constant:8.2f} {median:8.1f} {worst:6.1f} {close:6.2f} "
            f"{self.loud:6.2f} {self.loud_off:6.2f}"
        )


HEAD = (
    f"{'film':24s} {'prompt':18s} {'cuts':>4s} {'prec.':>6s} {'recall':>6s} {'kept':>6s} {'chance':>6s} "
    f"{'constant':>8s} {'heard ms':>8s} {'worst':>6s} {'<20 ms':>6s} {'loud':>6s} {'off':>6s}"
)


def _heard(milliseconds: tuple[float, ...]) -> tuple[float, float, float]:
    """Median, worst, and share within CLOSE."""
    values = np.array(milliseconds or (np.nan,))
    return float(np.median(values)), float(values.max()), float(np.mean(values <= 1000 * CLOSE))


def beats_of(score: Score) -> Array:
    """Seconds of every beat, counted from each bar line."""
    lines = [*score.bar_lines(), score.end]
    ticks = [tick for line, after in itertools.pairwise(lines) for tick in range(line, after, 480)]
    return np.array([float(score.seconds(tick)) for tick in ticks])


def sound_of(score: Score, prompt: str, duration: Fraction, model: MusicModel | None) -> tuple[np.ndarray, int]:
    """The score as sound [T], and its sample rate."""
    rate = model.sample_rate if model else GRID.sample_rate
    n_samples = round(duration * rate)
    if model:
        take = model.generate(
            GenerationSettings(prompt, seed=1, guidance_scale=1.5, num_inference_steps=10, scores=(score,)),
            n_samples,
            rate,
        )[0]
        return take.waveform.samples.mean(axis=0), rate
    mel = draw_sketch(score.played(), n_samples // GRID.hop_length + 2)
    return waveform_from_mel(Spectrogram(mel[None], GRID)).samples[0, :n_samples], rate


def motion_of(clip: Clip, cuts: Array, moments: Array) -> Array:
    """Mean change of brightness a second, over the second around each moment; changes at cuts do not count."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-threads", "1", "-i", str(clip.path)]
    command += ["-an", "-sn", "-dn", "-vf", f"fps={RATE},scale=160:90,format=gray", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, capture_output=True, check=True).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 160 * 90)
    changes = np.array([np.abs(b.astype(int) - a).mean() for a, b in itertools.pairwise(frames)]) * RATE
    times = np.arange(1, len(frames)) / RATE
    plain = np.array([not len(cuts) or np.abs(cuts - time).min() > 1.5 / RATE for time in times])
    near = [plain & (np.abs(times - moment) <= 0.5) for moment in moments]
    return np.array([changes[those].mean() if those.any() else 0.0 for those in near])


def find_edited(folder: Path | None) -> list[tuple[Clip, tuple[int, ...]]]:
    """Clips of EDITED that are in a folder, and the frames at which their shots begin."""
    rows = [row.split("\t") for row in EDITED.read_text().splitlines() if not row.startswith("#")]
    found = [] if folder is None else [(folder / name, cuts) for name, _, cuts in rows if (folder / name).exists()]
    return [(clip := probe(path), tuple(_frame_at(clip, float(cut)) for cut in cuts.split())) for path, cuts in found]


def _frame_at(clip: Clip, second: float) -> int:
    """The frame that begins nearest to a moment."""
    return min(range(clip.n_frames), key=lambda frame: abs(float(time_of(clip, frame)) - second))


def measure(
    clip: Clip, truth: tuple[int, ...], prompt: str, seed: int, model: MusicModel | None, pictures: Path | None = None
) -> Row:
    """Watch a film, make music to it three times, and listen."""
    part = plan_parts(clip, 1)[0]
    seen = watch(clip, part)
    true_times = [time_of(clip, frame) for frame in truth]
    found = {cut.time for cut in seen.cuts}
    right = len(found & set(true_times))
    scores = {follow: _write(seen, follow, prompt, seed) for follow in (Follow.CUTS, Follow.MOTION, Follow.OFF)}
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
        draw_strip(seen, scores[Follow.CUTS]).save(pictures / f"{clip.path.stem}.png")
    sounds = {follow: sound_of(score, prompt, part.duration, model) for follow, score in scores.items()}
    cuts = np.array([float(time) for time in true_times])
    apart = cuts[np.diff(cuts, prepend=-APART) >= APART - 1e-9]
    score, (sound, rate) = scores[Follow.CUTS], sounds[Follow.CUTS]
    accents = np.array([float(score.seconds(accent.tick)) for accent in score.accents])
    is_kept = distances(apart, accents) <= 1e-3
    beats = heard_beats(rises_of(sound, rate), list(beats_of(score)))
    moments = np.arange(0.5, float(part.duration) - 0.5, 0.5)
    motion = motion_of(clip, cuts, moments)
    loud = {follow: rank_correlation(loudness_over(*sounds[follow], moments), motion) for follow in scores}
    return Row(
        name=clip.path.stem,
        prompt=prompt,
        n_cuts=len(truth),
        precision=right / len(found) if found else 1.0,
        recall=right / len(truth) if truth else 1.0,
        kept=float(is_kept.mean()) if len(apart) else 1.0,
        chance=by_chance(apart, beats, float(part.duration)),
        constant=at_best_constant_tempo(apart, 60 / np.median(np.diff(beats_of(score))), FREEDOM),
        heard_ms=tuple(1000 * distances(apart[is_kept], beats)),
        loud=loud[Follow.MOTION],
        loud_off=loud[Follow.OFF],
    )


def _write(seen: Watched, follow: Follow, prompt: str, seed: int) -> Score:
    hits, energy = followed(seen, follow)
    return write_score(read_prompt(prompt), seen.duration, seed, hits=hits, energy=energy)


def main() -> None:
    """Print a line for each film, and what holds over all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, help="folder of clips to cut films from (default: those of gradio)")
    parser.add_argument("--edited", type=Path, help="folder of edited clips, named as in edited_cuts.tsv")
    parser.add_argument(
        "--first", type=int, default=0, help="seed of the first film; the watching was tuned on 0 to 19"
    )
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each film")
    parser.add_argument("--model", default="pocket")
    args = parser.parse_args()
    model = None if args.model == "sketch" else load_model(args.model)
    with tempfile.TemporaryDirectory() as folder:
        sources = find_sources(args.clips)
        made = [
            cut_film(sources, Path(folder) / f"film {seed + 1:02d}.mp4", seed)
            for seed in range(args.first, args.first + args.films)
        ]
        films = [(probe(film.path), film.cuts) for film in made]
        edited = find_edited(args.edited)
        print(HEAD)
        groups = [_measure_all(group, model, args.pictures, args.first) for group in (films, edited)]
    for name, rows in zip(("films", "edited clips"), groups, strict=True):
        if rows:
            print(summary(name, rows))


def _measure_all(
    films: list[tuple[Clip, tuple[int, ...]]], model: MusicModel | None, pictures: Path | None, first: int
) -> list[Row]:
    rows = []
    for seed, (clip, cuts) in enumerate(films, first):
        rows.append(measure(clip, cuts, PROMPTS[seed % len(PROMPTS)], seed, model, pictures))
        print(rows[-1].line(), flush=True)
    return rows


def summary(name: str, rows: list[Row]) -> str:
    """What holds over all films, in one paragraph."""
    mean = {
        field: np.mean([getattr(row, field) for row in rows]) for field in Row.__dataclass_fields__ if field in MEANS
    }
    median, worst, close = _heard(tuple(one for row in rows for one in row.heard_ms))
    return (
        f"{len(rows)} {name}: precision {mean['precision']:.3f}, recall {mean['recall']:.3f}; kept {mean['kept']:.2f} "
        f"(chance {mean['chance']:.2f}, best constant tempo {mean['constant']:.2f}); kept cuts to the nearest heard "
        f"beat: median {median:.1f} ms, worst {worst:.1f} ms, {close:.3f} within 20 ms; loudness with motion: "
        f"{mean['loud']:.2f} following it, {mean['loud_off']:.2f} following nothing."
    )


MEANS = ("precision", "recall", "kept", "chance", "constant", "loud", "loud_off")

if __name__ == "__main__":
    main()
