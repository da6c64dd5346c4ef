"""Run split, dub and verify over a folder of clips, each in a child process with limits, and judge the outcome anew.

    python -m benchmarks.corpus FOLDER                       every clip, in exact mode
    python -m benchmarks.corpus FOLDER --mode reencode       another mode
    python -m benchmarks.corpus FOLDER --only NAME --again   some clips once more

What is judged, by PyAV and by FFmpeg's binary and not by verify: the parts' pictures are the source's, hash for hash,
and shown when the source's are; their samples are the source's, none lost, none doubled, none moved; the film's
pictures are the source's, and its sound is heard as long as the source's and is the source's outside the dubbed part.

Nothing is fetched. Results are kept in a file, line by line, so that a run that was stopped goes on where it was. The
exit code is 0 where no clip ends in a traceback, a limit, a wrong part or film, or a word of verify's that the evidence
contradicts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.corpus.trial import try_clip

MEGABYTE = 1 << 20
NO_CLIPS = {".tsv", ".md", ".txt", ".json", ".jsonl"}
GOOD = ("right", "refused")


def main() -> int:
    """Try every clip that has no result yet, and print what came of all."""
    arguments = _arguments()
    clips = sorted(p for p in arguments.folder.iterdir() if p.is_file() and p.suffix.lower() not in NO_CLIPS)
    clips = [clip for clip in clips if not arguments.only or any(word in clip.name for word in arguments.only)]
    known = {} if arguments.again else _read(arguments.results)
    for number, clip in enumerate(clips, 1):
        if clip.name not in known:
            row = _in_child(clip, arguments)
            known[clip.name] = row
            with arguments.results.open("a") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{number}/{len(clips)} {_line(row)}", flush=True)
    rows = [known[clip.name] for clip in clips]
    _print_summary(rows)
    return 0 if all(_is_good(row) for row in rows) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="clips to try; nothing is written there")
    parser.add_argument("--mode", default="exact", choices=["exact", "keyframe", "reencode"], help="how to split")
    parser.add_argument("--only", nargs="+", help="only clips with one of these words in their names")
    parser.add_argument("--again", action="store_true", help="try clips again that have a result")
    parser.add_argument("--results", type=Path, help="where results are kept (corpus-MODE.jsonl)")
    parser.add_argument("--seconds", type=int, default=180, help="a clip's time limit")
    parser.add_argument("--megabytes", type=int, default=4096, help="address space beyond what an idle process has")
    arguments = parser.parse_args()
    arguments.results = arguments.results or Path(f"corpus-{arguments.mode}.jsonl")
    return arguments


def _read(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {row["file"]: row for row in rows}


def _in_child(clip: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Try a clip in a process group of its own; a crash or a limit is a row like any other."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_child, args=(clip, arguments, sender))
    began = time.monotonic()
    child.start()
    sender.close()
    row: dict[str, Any] = {"file": clip.name, "used": "", "verify": None, "notes": [], "outcome": "limit"}
    try:
        if receiver.poll(arguments.seconds):
            row = receiver.recv()
        else:
            row["found"] = [f"not done after {arguments.seconds} s"]
    except EOFError:
        child.join()
        row["found"] = [f"the process ended with code {child.exitcode}"]
    if child.is_alive() and row["outcome"] == "limit":
        os.killpg(child.pid, signal.SIGKILL)  # type: ignore[arg-type]
    child.join()
    return {"seconds": round(time.monotonic() - began, 1)} | row


def _child(clip: Path, arguments: argparse.Namespace, sender: Any) -> None:
    os.setsid()
    idle = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    most = idle + arguments.megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        row = try_clip(clip.absolute(), Path(folder) / "out", arguments.mode)
    row["megabytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sender.send(row)


def _is_good(row: dict[str, Any]) -> bool:
    return row["outcome"] in GOOD and _agrees(row)


def _agrees(row: dict[str, Any]) -> bool:
    """Whether verify said of the results what the evidence says."""
    return row["verify"] is None or row["verify"] == (row["outcome"] == "right")


def _line(row: dict[str, Any]) -> str:
    word = row["outcome"] + ("" if _agrees(row) else ", verify disagrees")
    streams = f"{row.get('container', '')} {row.get('video', '')} {row.get('audio', '')}".strip()
    return f"{row['file'][:60]:<60} {word:<24} {row['used']:<9} {row['seconds']:6.1f} s  {streams}" + "".join(
        f"\n      {sentence}" for sentence in row.get("found", [])
    )


def _print_summary(rows: list[dict[str, Any]]) -> None:
    print(f"\n{len(rows)} clips")
    for row in sorted(rows, key=lambda row: (_is_good(row), row["outcome"], row["file"])):
        print(_line(row))
    print()
    for outcome, count in Counter(row["outcome"] for row in rows).most_common():
        print(f"{outcome:<12} {count}")
    for used, count in Counter(row["used"] for row in rows if row["used"]).most_common():
        print(f"cut by {used:<10} {count}")
    print(f"verify disagrees with the evidence on {sum(not _agrees(row) for row in rows)}")


if __name__ == "__main__":
    raise SystemExit(main())
