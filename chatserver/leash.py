"""Run as a script: ties a program to the process that started it, then becomes that program.

When a parent is killed with signal 9 it cannot tell its children. On Linux the kernel can: it
sends them SIGTERM at that moment. This has to be asked for in the child between fork and exec; a
script of its own does so without the dangers of Python code after a fork in a process with
threads. Elsewhere it only becomes the program, and whoever starts next has to deal with what was
left over.

    python leash.py PARENT_PID PROGRAM ARGUMENT...
"""

import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and replace it by the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        die_with_parent(int(parent))
    os.execv(command[0], command)  # noqa: S606


def die_with_parent(parent: int) -> None:
    """Have the kernel send SIGTERM to this process when the one that started it dies; Linux."""
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    # The parent may have died before the request; then no signal would ever come.
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    main()
