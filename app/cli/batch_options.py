"""The options of batch, with the help that a newcomer reads."""

from __future__ import annotations

from typing import Any

from .options import add_command, add_json, add_of_dub, part_number


def add_batch(commands: Any) -> None:
    """batch: many films."""
    parser = add_command(
        commands,
        "batch",
        "dub every film of a list, and go on where an earlier batch stopped",
        "  python -m app batch films.csv --out results\n"
        "  python -m app batch clips/ --parts 4 --part 2 --prompt auto --out results\n"
        "  python -m app batch s3://films/list.parquet --out s3://films/dubbed --engine ray --gpus-per-worker 1\n"
        "  python -m app batch --status results\n"
        "\nA list is JSON lines, CSV or Parquet, one row a film, with the columns id, source, prompt, parts\n"
        "and part, or range (00:12.4-00:31, 01:05-), and any option of dub (seed, mix, loudness ...). Options given\n"
        "here hold for every row that does not say otherwise. A row is done when its result is in its place and bears\n"
        "the hash of its source, options, checkpoint and version: what has changed is done again, and nothing else. A\n"
        "film that fails costs its row alone.\n",
    )
    parser.add_argument(
        "jobs",
        nargs="?",
        metavar="JOBS",
        help="a list (.jsonl, .csv, .parquet), a folder or a glob; a path or URL",
    )
    parser.add_argument(
        "--out",
        metavar="URL",
        help="where results go, a folder for each row: a path or a URL such as s3://bucket/dubbed",
    )
    parser.add_argument("--status", metavar="OUT", help="only say how far the batches of that folder are")
    parser.add_argument(
        "--engine", choices=("local", "ray"), default="local",
        help="local: processes of this machine. ray: the cluster that RAY_ADDRESS names, or one started here",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, metavar="N", help="the most workers; if not given, as many as fit")
    parser.add_argument(
        "--gpus-per-worker", type=float, metavar="G",
        help="GPUs of each worker, 0.5 for two on one; if not given, 1 with local where there are any, 0 with ray",
    )  # fmt: skip
    parser.add_argument("--retry-failed", action="store_true", help="also try again what failed before")
    parser.add_argument("--defaults", metavar="FILE", help="a JSON object of columns that hold for every row")
    of_rows = parser.add_argument_group("for every row that does not say otherwise")
    of_rows.add_argument("--parts", type=int, metavar="N", help="how many equal parts to cut a film into")
    of_rows.add_argument(
        "--part", type=part_number, metavar="K|all", action="append", help="which part gets music; repeat for more"
    )
    of_rows.add_argument("--prompt", metavar="TEXT", action="append", help="what the music should be, or auto")
    add_of_dub(parser)
    add_json(parser)
