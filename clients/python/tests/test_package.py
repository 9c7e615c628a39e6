from __future__ import annotations

import subprocess
import sys


def test_the_client_stands_alone() -> None:
    """Neither the server nor the screen is loaded with the SDK."""
    code = (
        "import sys, chatclient; print([m for m in ('chatserver', 'textual') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
