from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from chatserver import collector


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """It is for the whole process; afterwards it is as it was."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


class Built:
    """Something that start-up makes."""


def test_what_was_built_after_the_import_is_passed_over_once_settled() -> None:
    collector.tune()
    built = [Built() for _ in range(1000)]
    assert any(each is built for each in gc.get_objects())
    collector.settle()
    assert gc.get_freeze_count() >= 1000
    assert not any(each is built for each in gc.get_objects())


def test_garbage_is_not_kept_for_ever() -> None:
    circle = Built()
    circle.myself = circle  # type: ignore[attr-defined]
    known = weakref.ref(circle)
    del circle
    collector.settle()
    assert known() is None


def test_the_young_are_looked_at_seldom() -> None:
    collector.tune()
    assert gc.get_threshold()[0] == collector.YOUNG_OBJECTS


def test_nothing_is_collected_before_all_is_imported() -> None:
    collector.hold()
    assert not gc.isenabled()
    collector.tune()
    assert gc.isenabled()
