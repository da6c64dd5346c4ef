"""The commands that work on a finished result."""

from __future__ import annotations

import argparse

from ..dub.build_order import check_given
from ..dub.remix import remix, remix_order
from ..dub.run import Run
from ..result.folder import open_result
from ..settings.options import MIX
from .report import report
from .terminal import ProgressLines, StopSwitch
from .usage import UsageError, given_options, settings_of, wrong_usage


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
