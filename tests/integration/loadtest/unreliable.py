"""A rival that cannot be trusted.

    python unreliable.py HOW PORT

HOW is `lose` or `double`, which it does with every tenth message, or `refuse`, which it does with
every client.
"""

from __future__ import annotations

import sys

from loadtest.rivals import floor
from loadtest.swarm import frames

EVERY = 10
HOW = sys.argv.pop(1)


class Unreliable(floor.Connection):
    """Serves nine messages as it should, and then one as it should not."""

    __slots__ = ()
    served = 0

    def _take(self, payload: bytes) -> None:
        if HOW == "refuse":
            self.transport.write(frames.plain('44{"message":"full"}'))
            return
        if payload.startswith(b"42"):
            Unreliable.served += 1
            if Unreliable.served % EVERY == 0:
                if HOW == "lose":
                    return
                super()._take(payload)
        super()._take(payload)


if __name__ == "__main__":
    vars(floor)["Connection"] = Unreliable
    floor.main()
