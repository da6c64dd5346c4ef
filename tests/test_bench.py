"""The table and the plots that `make bench` writes, without measuring anything."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks.bench import __main__ as bench
from benchmarks.bench.measure import Plan, Row, n_parts
from benchmarks.bench.plot import HEIGHT, WIDTH, Line, svg
from benchmarks.film_cost import tree_cpu

SVG = "{http://www.w3.org/2000/svg}"


def test_a_plot_has_every_point_inside_and_names_what_it_shows() -> None:
    lines = [Line("processor", [(5, 0.4), (3600, 31.0)]), Line("a < b", [(5, 0.001)])]
    root = ElementTree.fromstring(svg("Cost & length", "seconds", "s", lines))
    points = [(float(one.attrib["cx"]), float(one.attrib["cy"])) for one in root.iter(f"{SVG}circle")]
    assert len(points) == 3
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in points)
    # Longer is further right, and dearer is higher up.
    assert points[0][0] < points[1][0]
    assert points[2][1] > points[0][1] > points[1][1]
    assert {"Cost & length", "processor", "a < b"} <= {one.text for one in root.iter(f"{SVG}text")}


def test_what_is_missed_shows_in_the_table_and_in_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measured(plan: Plan) -> Iterator[Row]:
        assert plan.folder.is_dir()
        yield Row("a ratio", "3.1", "under 2", False)

    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "ALL", {"splits": measured})
    monkeypatch.setattr(sys, "argv", ["bench", "--minutes", "1"])
    assert bench.main() == 1
    line = "| a ratio | 3.1 | under 2 | **no** |"
    assert line in capsys.readouterr().out
    assert line in (tmp_path / "RESULTS.md").read_text()


def test_parts_of_a_benchmark_last_half_a_minute_where_there_are_two() -> None:
    assert [n_parts(seconds) for seconds in (5, 60, 600, 3600)] == [2, 2, 20, 120]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_processor_time_of_children_counts_while_they_live_and_after() -> None:
    before = tree_cpu()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        began = time.process_time()
        while time.process_time() - began < 0.3:
            pass
        os.write(write, b"x")
        time.sleep(30)
        os._exit(0)
    os.read(read, 1)
    assert tree_cpu() - before >= 0.25
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert tree_cpu() - before >= 0.25
