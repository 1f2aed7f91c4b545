"""The table of the pages is printed; no time is asserted, for a busy machine is no defect."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.timeout(1_800)
def test_bench_of_pages_answers_for_every_page():
    code = subprocess.call([sys.executable, "-m", "tests.bench.pages"], cwd=ROOT)
    assert code == 0, "a page did not answer"
