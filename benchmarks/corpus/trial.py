"""One clip: split it, dub it, verify both, and hold everything against the source by independent means."""

from __future__ import annotations

import shutil
import time
import traceback
from pathlib import Path
from typing import Any

from app import media
from app.dub.order import Order, PartOrder
from app.dub.run import Run
from app.dub.story import carry_out
from app.errors import PlanError
from app.result.folder import Result, open_result
from app.result.verify import check_made, verify
from app.settings import load_settings
from riffusion_inference.datatypes import GenerationSettings
from riffusion_inference.errors import RiffusionError

from ..hum import HumModel
from .evidence import PartFile, Source, read_source, wrong_film, wrong_parts

N_PARTS, DUBBED = 3, 2


def try_clip(path: Path, folder: Path, mode: str) -> dict[str, Any]:
    """Run a clip through the program and judge the outcome.

    Args:
        path: the clip.
        folder: for the results; emptied first.
        mode: how to split.
    Returns:
        Plain values: "outcome" ("right", "refused", "wrong", "traceback"), "used" (the mode that ran), "verify" (its
        word on the results: True, False, or None where there are none), "found" (sentences), "notes", "seconds".
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began = time.monotonic()
    row: dict[str, Any] = {"file": path.name, "used": "", "verify": None, "found": [], "notes": []}
    try:
        row |= _run(path, folder, mode)
    except RiffusionError as error:
        row |= {"outcome": "refused", "found": [str(error)]}
    except Exception:
        row |= {"outcome": "traceback", "found": traceback.format_exc().splitlines()[-6:]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return row | {"seconds": round(time.monotonic() - began, 1)}


def _run(path: Path, folder: Path, mode: str) -> dict[str, Any]:
    # What the program's own check refuses has to be seen here, beside what the evidence says of it.
    settings = load_settings(None, {}, threads_on_splitting=1, no_check=True)
    clip = media.probe(path)
    n_parts, dubbed = min(N_PARTS, clip.n_frames), min(DUBBED, clip.n_frames)
    facts = {"container": clip.container.split(",")[0], "video": clip.video_codec, "audio": clip.audio_codec or "-"}
    notes: list[str] = []
    model, run = HumModel(), Run(settings, on_note=notes.append)
    parts = carry_out(Order(path, folder / "parts", n_parts, mode), run, model)  # type: ignore[arg-type]
    found = _wrong(parts, clip)
    source = read_source(path, clip.n_samples)
    evidence = [*wrong_parts(source, _files(parts), parts.manifest.split_used == "reencode")]
    facts |= {"used": str(parts.manifest.split_used), "notes": notes}
    order = PartOrder(dubbed, GenerationSettings("hum", seed=1, num_inference_steps=1), model.name)
    try:
        film = carry_out(_dub(path, folder, n_parts, mode, order, parts), run, model)
    except PlanError as error:
        notes.append(f"not dubbed: {error}")
    else:
        found += [f"dub: {line}" for line in _wrong(film, clip)]
        evidence += _judge(source, film)
    outcome = "wrong" if evidence else "right"
    return facts | {"outcome": outcome, "verify": not found, "found": [*evidence, *found]}


def _wrong(result: Result, clip: media.Clip) -> list[str]:
    """What verify, and the check at the end of a run, call wrong."""
    report, quick = verify(result.folder, clip.path), check_made(result.folder, result.manifest, clip)
    said = [check.line for check in report.failed]
    return said + [f"check: {check.line}" for check in quick.failed if check.line not in said]


def _dub(path: Path, folder: Path, n_parts: int, mode: str, order: PartOrder, parts: Result) -> Order:
    return Order(path, folder / "dub", n_parts, mode, (order,), open_result(parts.folder))  # type: ignore[arg-type]


def _judge(source: Source, result: Result) -> list[str]:
    assert result.film is not None
    return [*wrong_film(source, result.film, _files(result))]


def _files(result: Result) -> list[PartFile]:
    dubbed = {one.part for one in result.dubs}
    return [
        PartFile(
            result.folder / part.own_file,
            part.start_frame,
            part.end_frame,
            media.probe(result.folder / part.own_file).n_samples,
            part.index in dubbed,
        )
        for part in result.manifest.parts
    ]
