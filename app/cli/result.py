"""The commands that work on a finished result."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ..dub.build_order import check_given
from ..dub.remixing import remix, remix_order
from ..dub.run import Run
from ..errors import ArchiveError
from ..files import written_whole
from ..result.export import export_part
from ..result.folder import open_result
from ..result.timeline import FORMATS as TIMELINES
from ..result.timeline import timeline_text
from ..settings.options import MIX
from .report import report
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, check_new_file, given_options, print_json, settings_of, wrong_usage


def remix_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """remix: the same music, mixed in another way."""
    settings = settings_of(args)
    given = {name: value for name, value in given_options(args, settings).items() if name in MIX}
    if not given:
        raise UsageError("remix changes nothing unless an option of the mix is given, such as --mix or --fade-in.")
    with wrong_usage():
        check_given(given)
    earlier = open_result(args.result)
    order = remix_order(
        earlier,
        args.out if args.out is not None else earlier.folder,
        parts=args.part,
        ranges=args.ranges,
        given=given,
        video=args.source,
        force=args.force,
    )
    lines = ProgressLines()
    made = remix(order, Run(settings, lines.show, stop.should_cancel, lines.note))
    lines.close()
    report(made, args.json)
    return 0


def timeline_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """timeline: for editing programs."""
    settings_of(args)
    check_new_file(args.out, args.force, TIMELINES[args.format][1])
    result = open_result(args.result)
    if result.film is None:
        raise ArchiveError(f"{result.folder.name} has parts and no film: dub one of them, and there is a timeline.")
    folder = os.path.relpath(result.folder, args.out.absolute().parent)
    text = timeline_text(result.manifest, args.format, "" if folder == "." else Path(folder).as_posix())
    with written_whole(args.out) as hidden:
        hidden.write_text(text, encoding="utf-8")
    _tell(args, "timeline", ())
    return 0


def export_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """export: one part by itself."""
    settings_of(args)
    check_new_file(args.out, args.force, f".{args.format}")
    notes = export_part(open_result(args.result), args.part, args.format, args.out, stop.should_cancel)
    _tell(args, "export", notes)
    return 0


def _tell(args: argparse.Namespace, what: str, notes: tuple[str, ...]) -> None:
    """Where the file is, and what there is to know of it."""
    if args.json:
        print_json({"out": str(args.out), "notes": list(notes)})
        return
    print(f"{what:<8} {args.out}", *notes, sep="\n")
