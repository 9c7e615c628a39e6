"""With how many made-up examples a property is tried.

A usual run tries a quarter, others each time; `make test-long` tries them all.
"""

from __future__ import annotations

import os

ALL = os.environ.get("CHAT_TEST_EXAMPLES") == "all"


def examples(count: int, least: int = 8) -> int:
    """How many of so many."""
    return count if ALL else max(count // 4, least)
