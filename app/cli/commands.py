"""What the commands around a video do: options -> one order -> lines or JSON."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from .. import media
from ..dub.build_order import changed_order, check_given, new_order, words_for
from ..dub.order import AUTO, Order, check_part
from ..dub.ranges import place_ranges
from ..dub.run import Run
from ..dub.scenes import SHORTEST, find_scenes
from ..dub.story import carry_out
from ..models import ModelShelf
from ..plan import Bounds, Part, SplitMode
from ..result.checks import VerifyReport
from ..result.folder import open_result
from ..result.verify import verify
from . import PROGRAM
from .batch import batch_command
from .clean import clean_command
from .compose import compose_command
from .options import ALL
from .report import report
from .result import export_command, remix_command, timeline_command
from .sound import generate_command, invert_command, spectrogram_command
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, given_options, print_json, settings_of, wrong_usage


def dub_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """dub: new, or from an earlier manifest."""
    if args.earlier is None:
        _check_complete(args)
    settings = settings_of(args)
    _check_place(args)
    lines = ProgressLines()
    run = Run(settings, lines.show, stop.should_cancel, lines.note)
    with ModelShelf(settings) as models:
        make_order = _order_new if args.earlier is None else _order_again
        return _run(make_order(args, run, models), run, models, args.json, lines)


def _check_complete(args: argparse.Namespace) -> None:
    in_parts = not args.ranges and args.scenes is None
    needed = {
        "VIDEO": args.video,
        "--parts": args.parts if in_parts else True,
        "--part": args.part if in_parts else True,
        "--prompt": args.prompt,
        "--out": args.out,
    }
    absent = [name for name, value in needed.items() if value is None or value == []]
    if absent:
        raise UsageError(f"dub needs {', '.join(absent)}: see {PROGRAM} dub --help.")


def _check_place(args: argparse.Namespace) -> None:
    """Raise UsageError where it is said in two ways which times get music."""
    ways = {
        "--parts and --part": args.parts is not None or bool(args.part),
        "--range": bool(args.ranges),
        "--scenes": args.scenes is not None,
    }
    chosen = [name for name, is_given in ways.items() if is_given]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} say in different ways what gets music: choose one of them.")
    if args.shortest_scene is not None and args.scenes is None:
        raise UsageError("--shortest-scene is for --scenes: give both, or neither.")


def _order_new(args: argparse.Namespace, run: Run, models: ModelShelf) -> Order:
    given = given_options(args, run.settings)
    with wrong_usage():
        check_given(given | {"prompt": args.prompt[0]})
        if args.ranges:
            words_for(args.prompt, len(args.ranges), "range")
    options: dict[str, Any] = {"given": given, "settings": run.settings, "models": models, "force": args.force}
    if args.scenes is not None:
        clip = media.probe(args.video)
        ranges = find_scenes(clip, run, args.shortest_scene or SHORTEST, args.scenes or None)
        return new_order(args.video, args.out, ranges=ranges, prompts=args.prompt, clip=clip, **options)
    if args.ranges:
        return new_order(args.video, args.out, ranges=args.ranges, prompts=args.prompt, **options)
    with wrong_usage():
        parts = _numbers(args.part, args.parts)
        return new_order(args.video, args.out, n_parts=args.parts, parts=parts, prompts=args.prompt, **options)


def _order_again(args: argparse.Namespace, run: Run, models: ModelShelf) -> Order:
    """Only what was given changes."""
    if args.scenes is not None:
        raise UsageError("--scenes gives a whole film new music: name the video instead of --from.")
    if not args.ranges and (len(args.prompt) > 1 or AUTO in args.prompt):
        raise UsageError("--from takes one --prompt in words: run it once for each part.")
    settings = run.settings
    given = given_options(args, settings)
    with wrong_usage():
        check_given(given | ({"prompt": args.prompt[0]} if args.prompt else {}))
    earlier = open_result(args.earlier)
    return changed_order(
        earlier,
        args.out if args.out is not None else earlier.folder,
        video=args.video,
        parts=_numbers(args.part, args.parts or earlier.manifest.n_parts),
        ranges=args.ranges,
        prompts=args.prompt,
        given=given,
        settings=settings,
        models=models,
        n_parts=args.parts,
        split_mode=given.get("split_mode"),
        force=args.force,
    )


def _numbers(parts: Sequence[int | str], n_parts: int) -> tuple[int, ...]:
    """The parts that were named; "all" stands for every one."""
    return tuple(range(1, n_parts + 1)) if ALL in parts else tuple(int(one) for one in parts)


def split_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """split: parts only."""
    settings = settings_of(args)
    if sum(map(bool, (args.parts is not None, args.ranges, args.at))) != 1:
        raise UsageError("split needs one of --parts, --range and --at: say where to cut.")
    with wrong_usage():
        cutting = args.parts if args.parts is not None else Bounds(args.at or ())
        order = Order(args.video, args.out, cutting, settings.split_mode, force=args.force)
    if args.ranges:
        placed = place_ranges(media.probe(args.video), args.ranges, None)
        order = replace(order, cutting=placed.cutting, clip=placed.clip, notes=placed.notes)
    lines = ProgressLines()
    with ModelShelf(settings) as models:
        return _run(order, Run(settings, lines.show, stop.should_cancel, lines.note), models, args.json, lines)


def _run(order: Order, run: Run, models: ModelShelf, as_json: bool, lines: ProgressLines) -> int:
    result = carry_out(order, run, models)
    lines.close()
    report(result, as_json)
    return 0


def verify_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """verify: 0 where everything is right, 1 where something is not."""
    lines = ProgressLines()
    settings = settings_of(args)
    report = verify(
        args.result,
        args.source,
        decode=args.decode,
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
        print(_verdict(report))
    return 0 if report.ok else 1


def _verdict(report: VerifyReport) -> str:
    """All of it in a sentence."""
    if report.failed:
        return "Some checks failed."
    return "Nothing is wrong; some things cannot be told." if report.unknown else "All checks passed."


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
        check_part(number, n_parts)
        part = media.explain_split(clip, n_parts, SplitMode.EXACT).parts[number - 1]
    begin, length = (part.start, part.duration) if part is not None else (Fraction(0), clip.duration)
    found = mood.suggest(
        clip,
        part=part,
        at=None if args.at is None else begin + args.at * length,
        describer=settings.describer,
        settings=settings,
        on_progress=lines.show,
        should_cancel=stop.should_cancel,
    )
    lines.close()
    if args.json:
        values = {"prompt": found.prompt, "bpm": found.bpm, "saw": found.saw}
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
    "compose": compose_command,
    "invert": invert_command,
    "spectrogram": spectrogram_command,
    "verify": verify_command,
    "mood": mood_command,
    "remix": remix_command,
    "timeline": timeline_command,
    "export": export_command,
    "batch": batch_command,
    "clean": clean_command,
    "serve": serve_command,
}
