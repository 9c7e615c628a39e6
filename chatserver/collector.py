"""Python's garbage collector, set for a process that holds much and makes little that is cyclic."""

from __future__ import annotations

import gc

YOUNG_OBJECTS = 20_000


def hold() -> None:
    """To be called before much is imported, which makes no garbage: a seventh of a node's start."""
    gc.disable()


def tune() -> None:
    """To be called once, when everything is imported; ends `hold`.

    At Python's own settings hundreds of messages on their way set it off again and again, and it
    then looks at all that the process holds: a third of the time that a stored message takes.
    """
    settle()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)
    gc.enable()


def settle() -> None:
    """To be called once more, when the node listens and nobody has come yet.

    What exists now (modules, services, the database driver, the caches they filled) stays until
    the end; the collector does not look at it again.
    """
    gc.collect()  # what is garbage now would never be collected
    gc.freeze()
