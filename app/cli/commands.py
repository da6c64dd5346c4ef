"""What the commands around a video do: options -> calls below -> lines or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from riffusion_inference.datatypes import GenerationSettings

from .. import media
from ..dub.story import dub, dub_again, split_only
from ..errors import PlanError
from ..plan import Part, timeline
from ..result.archive import verify
from ..result.folder import check_free_place
from ..result.results import DubResult, DubSettings
from ..settings import Settings
from .sound import generate_command, invert_command, spectrogram_command
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, generation_of, given_music, print_json, settings_of, wrong_usage

AUTO = "auto"


def dub_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """dub: new, or from an earlier manifest."""
    lines = ProgressLines()
    options: dict[str, Any] = {
        "force": args.force,
        "on_progress": lines.show,
        "should_cancel": stop.should_cancel,
        "on_note": lines.note,
    }
    result = _dub_again(args, options, lines) if args.earlier is not None else _dub_new(args, options, lines)
    lines.close()
    _report(result, args.json)
    return 0


def _dub_new(args: argparse.Namespace, options: dict[str, Any], lines: ProgressLines) -> DubResult:
    missing = {
        "VIDEO": args.video,
        "--parts": args.parts,
        "--part": args.part,
        "--prompt": args.prompt,
        "--out": args.out,
    }
    absent = [name for name, value in missing.items() if value is None or value == []]
    if absent:
        raise UsageError(f"dub needs {', '.join(absent)}: see python -m app dub --help.")
    settings = settings_of(args, loudness=args.loudness)
    wishes: dict[str, Any] = {
        "n_parts": args.parts,
        "parts": tuple(args.part),
        "split_mode": settings.split_mode,
        "sound_mode": settings.sound_mode,
        "music_gain_db": settings.music_gain_db,
        "loudness": settings.loudness,
        "take": args.take if args.take is not None else 1,
    }
    with wrong_usage():
        DubSettings(**wishes, generation=GenerationSettings("any", candidates=8))
        _check_prompts(args)
    generation = generation_of(args, args.prompt[0], settings)
    check_free_place(args.out.absolute(), args.force)
    prompts = _prompts(args, settings, options, lines)
    with wrong_usage():
        asked = DubSettings(**wishes, generation=generation, prompts=prompts)
    return dub(args.video, args.out, asked, app_settings=settings, **options)


def _check_prompts(args: argparse.Namespace) -> None:
    if len(args.prompt) not in (1, len(args.part)):
        raise UsageError(
            f"There are {len(args.prompt)} prompts for {len(args.part)} parts: give one prompt, or one for each --part."
        )
    for prompt in args.prompt:
        GenerationSettings(prompt)


def _prompts(
    args: argparse.Namespace, settings: Settings, options: dict[str, Any], lines: ProgressLines
) -> tuple[str, ...]:
    """One prompt for each --part, "auto" looked up in the picture."""
    prompts = args.prompt * (len(args.part) if len(args.prompt) == 1 else 1)
    if AUTO not in prompts:
        return tuple(prompts)
    from .. import mood

    clip = media.probe(args.video)
    plan = media.explain_split(clip, args.parts, _mode(settings))
    found = []
    for number, prompt in zip(args.part, prompts, strict=True):
        if prompt == AUTO:
            suggestion = mood.suggest(
                args.video,
                part=_part_of(plan.parts, number),
                describer=settings.describer,
                settings=settings,
                on_progress=options["on_progress"],
                should_cancel=options["should_cancel"],
            )
            lines.note(f'Part {number} looks {suggestion.saw}: the prompt is "{suggestion.prompt}".')
            for note in suggestion.notes:
                lines.note(note)
            prompt = suggestion.prompt
        found.append(prompt)
    return tuple(found)


def _mode(settings: Settings) -> Any:
    return settings.split_mode


def _part_of(parts: tuple[Part, ...], number: int) -> Part:
    if not 1 <= number <= len(parts):
        raise PlanError(f"Part {number} does not exist: choose from 1 to {len(parts)}.")
    return parts[number - 1]


def _dub_again(args: argparse.Namespace, options: dict[str, Any], lines: ProgressLines) -> DubResult:
    """Only what was given changes."""
    settings = settings_of(args, loudness=args.loudness)
    changes = given_music(args)
    if len(args.prompt) > 1 or AUTO in args.prompt:
        raise UsageError("--from takes one --prompt in words: run it once for each part.")
    changes |= {"prompt": args.prompt[0]} if args.prompt else {}
    changes |= {"sound_mode": settings.sound_mode} if args.mix is not None else {}
    changes |= {"music_gain_db": settings.music_gain_db} if args.music_gain is not None else {}
    changes |= {"loudness": settings.loudness} if args.loudness is not None else {}
    changes |= {"take": args.take} if args.take is not None else {}
    changes |= {"model_name": args.model} if args.model is not None else {}
    with wrong_usage():
        music = {name: value for name, value in changes.items() if name in GenerationSettings.__dataclass_fields__}
        GenerationSettings(**{"prompt": "any", **music})
        if args.take is not None and args.take < 1:
            raise UsageError(f"Take {args.take} does not exist: takes count from 1.")
    folder = args.earlier if args.earlier.is_dir() else args.earlier.parent
    return dub_again(
        args.earlier,
        args.out if args.out is not None else folder,
        video=args.video,
        parts=tuple(args.part),
        changes=changes,
        n_parts=args.parts,
        split_mode=args.split,
        app_settings=settings,
        **options,
    )


def split_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """split: parts only."""
    lines = ProgressLines()
    settings = settings_of(args)
    with wrong_usage():
        DubSettings(args.parts, ())
    result = split_only(
        args.video,
        args.out,
        args.parts,
        settings.split_mode,
        app_settings=settings,
        force=args.force,
        on_progress=lines.show,
        should_cancel=stop.should_cancel,
        on_note=lines.note,
    )
    lines.close()
    _report(result, args.json)
    return 0


def _report(result: DubResult, as_json: bool) -> None:
    """Where everything is and what it took."""
    if as_json:
        print_json(result_values(result))
        return
    for number, (path, (start, end)) in enumerate(zip(result.parts, result.times, strict=True), 1):
        print(f"part {number}   {path}   {timeline(start)} to {timeline(end)}")
    for music in result.music:
        lufs = result.loudness_lufs[music.part]
        heard = "silent" if lufs is None else f"{lufs:.1f} LUFS"
        print(f"music    {music.wav}   part {music.part}, seed {result.seeds[music.part]}, {heard}")
    for name, found in (("film", result.film), ("archive", result.archive), ("manifest", result.manifest)):
        if found is not None:
            print(f"{name:<8} {found}")
    spent = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in result.seconds_per_stage.items())
    print(f"seconds  {spent}, together {sum(result.seconds_per_stage.values()):.1f}")


def result_values(result: DubResult) -> dict[str, Any]:
    """A result as plain values."""
    return {
        "out_dir": str(result.out_dir),
        "parts": [str(path) for path in result.parts],
        "times": [[float(start), float(end)] for start, end in result.times],
        "film": str(result.film) if result.film else None,
        "archive": str(result.archive) if result.archive else None,
        "manifest": str(result.manifest),
        "music": [
            {
                "part": music.part,
                "wav": str(music.wav),
                "image": str(music.image) if music.image else None,
                "take": music.take,
                "seed": result.seeds[music.part],
                "loudness_lufs": result.loudness_lufs[music.part],
                "candidates": [{"wav": str(one.wav), "seed": one.seed} for one in music.candidates],
                "before": str(music.before),
                "after": str(music.after),
            }
            for music in result.music
        ],
        "seconds_per_stage": dict(result.seconds_per_stage),
        "notes": list(result.notes),
    }


def verify_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """verify: 0 where everything is right, 1 where something is not."""
    lines = ProgressLines()
    settings = settings_of(args)
    report = verify(
        args.result,
        args.source,
        temporary_directory=settings.temporary_directory,
        on_progress=lines.show,
        should_cancel=stop.should_cancel,
    )
    lines.close()
    if args.json:
        checks = [{"name": check.name, "ok": check.ok, "text": check.text} for check in report.checks]
        print_json({"ok": report.ok, "checks": checks})
    else:
        print(*report.lines, sep="\n")
        print("All is as it should be." if report.ok else "Something is not as it should be.")
    return 0 if report.ok else 1


def mood_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """mood: a prompt from the picture."""
    from .. import mood

    lines = ProgressLines()
    settings = settings_of(args)
    if args.at is not None and not 0 <= args.at <= 1:
        raise UsageError(f"--at is {float(args.at):g}, but must be from 0 (the start) to 1 (the end).")
    part: Part | None = None
    clip = media.probe(args.video)
    if args.part is not None:
        number, n_parts = args.part
        part = _part_of(media.explain_split(clip, n_parts, "exact").parts, number)
    begin, length = (part.start, part.duration) if part is not None else (Fraction(0), clip.duration)
    found = mood.suggest(
        args.video,
        part=part,
        at=None if args.at is None else begin + args.at * length,
        describer=settings.describer,
        settings=settings,
        on_progress=lines.show,
        should_cancel=stop.should_cancel,
    )
    lines.close()
    if args.json:
        values = {"prompt": found.prompt, "bpm": found.bpm, "bars": found.bars, "saw": found.saw}
        print_json({**values, "describer": found.describer, "notes": list(found.notes)})
        return 0
    for note in found.notes:
        lines.note(note)
    print(f"saw     {found.saw}\nprompt  {found.prompt}")
    return 0


def serve_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """serve: the page, until it is stopped."""
    settings = settings_of(args)
    from ..page.launch import launch

    launch(settings)
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace, StopSwitch], int]] = {
    "dub": dub_command,
    "split": split_command,
    "generate": generate_command,
    "invert": invert_command,
    "spectrogram": spectrogram_command,
    "verify": verify_command,
    "mood": mood_command,
    "serve": serve_command,
}
