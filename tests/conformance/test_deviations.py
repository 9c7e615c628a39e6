"""The lists of deviations name tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conformance.deviations import LEAN, STOCK


def test_each_deviation_names_a_test() -> None:
    files = Path(__file__).parent.glob("test_*.py")
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    tests = set(re.findall(r"def (test_\w+)", text))
    assert {name.partition("[")[0] for name in [*STOCK, *LEAN]} <= tests
