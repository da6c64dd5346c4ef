"""What batch does: a list -> results, with one line that tells how far it is; or the state of an earlier batch."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, TextIO

from .. import media
from ..batch.batch import Plan, Team, plan_batch, run_batch
from ..batch.columns import OF_DUB
from ..batch.jobs import read_defaults, read_jobs
from ..batch.ledger import Outcome, Status
from ..batch.place import open_place
from ..batch.status import FIRST_WORD_AFTER, Tally, duration, status_lines, status_values
from ..errors import DubCancelled
from ..settings import load_settings, use_temporary_directory
from . import PROGRAM
from .options import ALL
from .terminal import LINE_SECONDS, REDRAW_SECONDS, StopSwitch
from .usage import UsageError, print_json, wrong_usage

STOPPED = 130


def batch_command(args: argparse.Namespace, stop: StopSwitch) -> int:
    """batch: 0 where every row has its result, 1 where some have not."""
    if args.status is not None:
        values = status_values(open_place(args.status))
        print_json(values) if args.json else print(*status_lines(values), sep="\n")
        return 0
    if args.jobs is None or args.out is None:
        raise UsageError(f"batch needs JOBS and --out, or --status: see {PROGRAM} batch --help.")
    with wrong_usage():
        team = Team(args.engine, args.workers, args.gpus_per_worker)
        settings = team.with_model(load_settings(no_sandbox=args.no_sandbox))
    use_temporary_directory(settings)
    media.use_settings(settings)
    jobs = read_jobs(args.jobs, _defaults(args))
    plan = plan_batch(
        jobs, open_place(args.out), settings, retry_failed=args.retry_failed, should_cancel=stop.should_cancel
    )
    lines = BatchLines(plan)
    lines.tell(_beforehand(plan, team))
    try:
        for outcome in run_batch(plan, args.out, settings, team, should_cancel=stop.should_cancel, tell=lines.tell):
            lines.add(outcome)
    except (DubCancelled, KeyboardInterrupt):
        lines.tell(f"Stopped. {plan.done + lines.tally.done} of {len(plan.jobs)} are done; the same command goes on.")
        return STOPPED
    finally:
        lines.close()
    return _report(args, plan, lines.tally)


def _defaults(args: argparse.Namespace) -> dict[str, Any]:
    """What holds for every row: of the file, and over it what was given as options."""
    found = read_defaults(args.defaults) if args.defaults is not None else {}
    named = {name: value for name, value in vars(args).items() if name in OF_DUB and value is not None}
    named |= {name: value for name in ("parts", "prompt") if (value := getattr(args, name)) is not None}
    if args.part is not None:
        named["part"] = ALL if ALL in args.part else args.part
    return {**found, **named}


def _beforehand(plan: Plan, team: Team) -> str:
    """What is going to happen."""
    n_wrong = len(plan.wrong)
    films = f"{len(plan.jobs)} film{'s' * (len(plan.jobs) != 1)}"
    said = [films, f"{plan.done} done already", f"{len(plan.to_do)} to do"]
    said += [f"{plan.failed_before} failed before (--retry-failed tries them again)"] * bool(plan.failed_before)
    said += [f"{n_wrong} cannot be right"] * bool(n_wrong)
    return f"{', '.join(said)}; engine {team.engine}."


def _report(args: argparse.Namespace, plan: Plan, tally: Tally) -> int:
    done, failed = plan.done + tally.done, plan.failed_before + tally.failed.total()
    spent = time.monotonic() - tally.began
    if args.json:
        reasons = dict(tally.failed)
        print_json({"rows": len(plan.jobs), "done": done, "failed": failed, "failed_now": reasons, "out": args.out})
    else:
        print(f"done     {done} of {len(plan.jobs)}, {tally.done} of them now, in {duration(spent)}")
        if failed:
            print(f"failed   {failed}; {PROGRAM} batch --status {args.out} says why")
    return 0 if done == len(plan.jobs) else 1


class BatchLines:
    """One line that is redrawn on a terminal, else one at times; what fails is told at once."""

    def __init__(self, plan: Plan, stream: TextIO | None = None) -> None:
        self.tally = Tally(len(plan.to_do) + len(plan.wrong))
        self._stream = stream or sys.stderr
        self._bars = self._stream.isatty()
        self._drawn = 0.0
        self._open = False

    def add(self, outcome: Outcome) -> None:
        """Take in what became of a row."""
        self.tally.add(outcome)
        if outcome.status is Status.FAILED:
            self.tell(f"{outcome.id} failed: {outcome.error}")
        if self.tally.ended == FIRST_WORD_AFTER and self.tally.ended < self.tally.to_do:
            left = duration(self.tally.seconds_left)
            self.tell(
                f"The first {FIRST_WORD_AFTER} came at {self.tally.per_minute:.1f} a minute: the rest takes {left}."
            )
        now, ended = time.monotonic(), self.tally.ended == self.tally.to_do
        if ended or now - self._drawn >= (REDRAW_SECONDS if self._bars else LINE_SECONDS):
            self._drawn = now
            self._draw()

    def _draw(self) -> None:
        tally = self.tally
        share, failed = tally.ended / max(1, tally.to_do), tally.failed.total()
        text = f"batch: {tally.ended} of {tally.to_do} ({share:.0%}), {failed} failed, {tally.per_minute:.1f} a minute"
        text += f", {duration(tally.seconds_left)} left" if tally.ended < tally.to_do else ""
        self._stream.write(f"\r\x1b[K{text}" if self._bars else f"{text}\n")
        self._stream.flush()
        self._open = self._bars

    def tell(self, sentence: str) -> None:
        """Say something between the bars."""
        self.close()
        self._stream.write(f"{sentence}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the line of the bar."""
        if self._open:
            self._stream.write("\n")
        self._open = False
