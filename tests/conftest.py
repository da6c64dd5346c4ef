"""Fixtures that all tests share: clips and models are made on the spot, once per session."""

from __future__ import annotations

import os

# The tests use nothing from the network; a forgotten download shall fail at once instead of hanging.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# One thread each: on a busy machine, threads of a pool wait for each other up to 25 times longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

pytest_plugins = [
    "tests.fixtures_clips",
    "tests.fixtures_models",
    "tests.fixtures_page",
    "tests.fixtures_dub",
    "tests.fixtures_score",
    "tests.fixtures_beside",
    "tests.fixtures_batch",
]
