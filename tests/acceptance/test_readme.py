"""The examples in the READMEs do what they say."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import token
from tests.acceptance.conftest import Cast

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.asyncio
async def test_the_example_sends_a_message(house: ChatServer, cast: Cast) -> None:
    lin = await cast.join("lin", house)
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    example = (
        example.replace("http://127.0.0.1:8080", house.url)
        .replace("<a token>", token(cast.name("tourist")))
        .replace("xiaolin", lin.user)
    )
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-c", example, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await running.communicate()
    assert said.decode() == "stored as number 1\n"
    await lin.sees("message", seq=1)
