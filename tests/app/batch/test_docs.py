"""What docs/batch.md shows: a cluster that KubeRay takes, and commands that the program knows."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from app.cli.main import build_parser

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")


def test_the_cluster_is_one_that_kuberay_takes() -> None:
    jsonschema, yaml = pytest.importorskip("jsonschema"), pytest.importorskip("yaml")
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    cluster = yaml.safe_load(text)
    schema = json.loads((ROOT / "tests" / "data" / "kuberay_rayjob.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(cluster)
    args = build_parser().parse_args(shlex.split(cluster["spec"]["entrypoint"])[1:])
    (group,) = cluster["spec"]["rayClusterSpec"]["workerGroupSpecs"]
    assert (args.engine, args.workers, args.gpus_per_worker) == ("ray", group["maxReplicas"], 1.0)
    pins = (ROOT / "requirements-ray.txt").read_text()
    assert f"ray[data]=={cluster['spec']['rayClusterSpec']['rayVersion']}" in pins
    assert f"rayproject/ray:{cluster['spec']['rayClusterSpec']['rayVersion']}-" in PAGE


def test_every_command_of_the_page_is_understood() -> None:
    lines = re.findall(r"^(?:    |srun )riffusion-dub (batch [^#\n]+)", PAGE, re.MULTILINE)
    assert len(lines) >= 7
    for line in lines:
        args = build_parser().parse_args(shlex.split(line))
        assert args.status or (args.jobs and args.out), line
