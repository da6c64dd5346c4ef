"""What the proof says of parts that are not part of a whole result."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.media import Claim, Clip, Depth, PartFile, SplitPlan, prove
from app.result.checks import VerifyReport
from app.result.pictures import judge_pictures
from app.result.sounds import judge_sounds


def proof_of(clip: Clip, plan: SplitPlan, parts: Sequence[Path], depth: Depth = Depth.NEW) -> VerifyReport:
    """Prove the parts of a clip.

    Args:
        clip: the source.
        plan: by which it was split.
        parts: the files.
        depth: how much is decoded.
    """
    files = tuple(PartFile(part, path) for part, path in zip(plan.parts, parts, strict=True))
    claim = Claim(clip, plan.mode_used, files)
    evidence = prove(claim, depth)
    checks = [*judge_pictures(claim, evidence, crf=16), *judge_sounds(claim, evidence, clip.sample_rate or 48000)]
    return VerifyReport(tuple(checks))
