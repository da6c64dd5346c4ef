"""What compose does: words, a video or both -> a score, as a MIDI file or as JSON. No model is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from riffusion_inference.datatypes import MAX_SECONDS, MIN_SECONDS, GenerationSettings, check_range
from riffusion_inference.notation.score import Score
from riffusion_inference.score.brief import key_name
from riffusion_inference.score.film import main_bpm
from riffusion_inference.score.midi import midi_from_score

from .. import media, mood
from ..dub.order import AUTO, PartOrder, check_part
from ..dub.run import Run
from ..dub.score import cuts_sentence, kept_cuts, write_scores
from ..files import VIDEO_ENDINGS, write_errors, written_together
from ..plan import Follow, Part, SplitMode
from ..settings.writing import Writing
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, check_new_file, given_options, print_json, settings_of, wrong_usage


def compose_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """compose: a score, written and not painted."""
    settings, lines = settings_of(args), ProgressLines()
    check_new_file(args.out, args.force, ".mid", ".midi", ".json")
    prompt, video = _prompt_and_video(args.what)
    given = given_options(args, settings)
    run = Run(settings, lines.show, stop.should_cancel, lines.note)
    with wrong_usage():
        writing = Writing().changed(given)
        if video is None and args.seconds is None:
            raise UsageError("compose needs --seconds where no video says how long the music is.")
        if video is None and (args.part is not None or args.follow is not None):
            raise UsageError("--part and --follow are about a video: name one.")
        if args.seconds is not None:
            check_range("Seconds", float(args.seconds), MIN_SECONDS, MAX_SECONDS)
    watched, seconds = None, args.seconds
    if video is not None:
        clip = media.probe(video)
        part = _part_of(clip, args.part)
        seconds = seconds or part.duration
        if prompt == AUTO:
            prompt = _look(clip, part, given.get("describer", settings.describer), run)
        if writing.follow != Follow.OFF and not args.loop:
            watched = mood.watch(clip, part, on_progress=lines.show, should_cancel=stop.should_cancel)
    with wrong_usage():
        generation = GenerationSettings(prompt, seed=args.seed, loop=bool(args.loop))
        order = PartOrder(1, generation, "", writing=writing)
        scored = write_scores(order, Fraction(seconds), watched)
    (score,), facts = scored.scores, scored.facts
    if facts is not None:
        run.note(facts.read, *facts.notes, cuts_sentence(kept_cuts(score, facts.cuts), len(facts.cuts)))
    with written_together() as hidden, write_errors(args.out):
        data = score.to_json().encode() if args.out.suffix.lower() == ".json" else midi_from_score(score)
        hidden(args.out).write_bytes(data)
    lines.close()
    _report(args, score, order.generation, run.notes)
    return 0


def _prompt_and_video(what: Sequence[str]) -> tuple[str, Path | None]:
    """Tell words from a video: what is there as a file, or is named like one, is a video."""
    videos = [word for word in what if Path(word).is_file() or Path(word).suffix.lower() in VIDEO_ENDINGS]
    words = [word for word in what if word not in videos]
    if len(videos) > 1 or len(words) > 1:
        raise UsageError("compose takes one prompt, between quotation marks, and one video.")
    return words[0] if words else AUTO, Path(videos[0]) if videos else None


def _part_of(clip: media.Clip, part: tuple[int, int] | None) -> Part:
    """The part that was named, or all of the video."""
    number, n_parts = part or (1, 1)
    check_part(number, n_parts)
    return media.explain_split(clip, n_parts, SplitMode.EXACT).parts[number - 1]


def _look(clip: media.Clip, part: Part, describer: str, run: Run) -> str:
    """A prompt from the picture."""
    found = mood.suggest(
        clip,
        part=part,
        describer=describer,
        settings=run.settings,
        on_progress=run.progress,
        should_cancel=run.should_cancel,
    )
    run.note(f'The picture looks {found.saw}: the prompt is "{found.prompt}".', *found.notes)
    return found.prompt


def _report(args: argparse.Namespace, score: Score, generation: GenerationSettings, notes: Sequence[str]) -> None:
    meter, key = score.meters[0], score.key
    facts: dict[str, Any] = {
        "seconds": round(float(score.duration), 3),
        "seed": generation.seed,
        "bpm": round(main_bpm(score), 2),
        "key": key_name(key.tonic, key.minor) if key else None,
        "meter": f"{meter.beats}/{meter.unit}",
        "notes_in_score": len(score.notes),
    }
    if args.json:
        print_json({"file": str(args.out), "prompt": generation.prompt, **facts, "notes": list(notes)})
        return
    shown = f"{facts['seconds']} s, {facts['bpm']:g} BPM, {facts['key']}, {facts['meter']}, {len(score.notes)} notes"
    print(f"{args.out}   {shown}, seed {generation.seed}")
