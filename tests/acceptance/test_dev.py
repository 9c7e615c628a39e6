"""`chatserver dev` as a newcomer runs it: several nodes, and a shop in which people talk."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from loadtest.faults.nodes import KEY, faults_in
from loadtest.faults.people import Person, text, token

READY_S = 180.0
STOPPED_S = 60.0


@asynccontextmanager
async def dev(data: Path, environment: dict[str, str]) -> AsyncIterator[str]:
    """The server of two nodes, up; gives what it printed. It has to end well, its logs clean."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "chatserver"),
        *("dev", "--nodes", "2", "--port", "0", "--data", str(data)),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    assert running.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            said = await running.stdout.readuntil(b"token mei ")
        yield said.decode()
        running.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_S):
            await asyncio.gather(running.stdout.read(), running.wait())
        assert running.returncode == 0
        logs = [path.read_text("utf-8") for path in (data / "logs").glob("node-*.log")]
        assert len(logs) == 2
        assert not [fault for log in logs for fault in faults_in(log)]
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def arrive(url: str, user: str, role: str) -> Person:
    person = Person(url, user, role=role)
    person.token = token(user, role)  # without a name, so that the shop's stays
    return await person.connect()


def who_may_log_in(url: str) -> set[str]:
    with urllib.request.urlopen(f"{url}/demo/people", timeout=30) as answer:
        return {each["user"] for each in json.load(answer)["people"]}


@pytest.mark.asyncio
async def test_two_people_on_different_nodes_talk_in_the_demo_community(
    tmp_path: Path, mongo_url: str, redis_url: str, database_name: str
) -> None:
    environment = {
        "CHAT_MONGO_URL": mongo_url,
        "CHAT_REDIS_URL": redis_url,
        "CHAT_MONGO_DATABASE": database_name,
        "CHAT_JWT_KEY": KEY,
    }
    async with dev(tmp_path / "data", environment) as printed:
        urls = re.findall(r"^  (http://\S+)$", printed, re.MULTILINE)
        assert len(urls) == 2
        assert "同月宝宝妈妈群" in printed
        assert {"mei", "xiaolin"} <= await asyncio.to_thread(who_may_log_in, urls[1])
        mei = await arrive(urls[0], "mei", "customer")
        lin = await arrive(urls[1], "xiaolin", "consultant")
        mine = (await mei.ask("conversation.list"))["conversations"]
        (community,) = [c["id"] for c in mine if c["room"] and c["unread"]]
        asked = await mei.say(community, "has anybody a pram to lend?")
        await lin.sees("message", conversation=community, seq=asked["seq"])
        answered = await lin.say(community, "we do", reply_to=asked["seq"])
        await mei.sees("message", conversation=community, seq=answered["seq"])
        assert answered["seq"] == asked["seq"] + 1
        assert text("we do") == mei.seen("message", seq=answered["seq"])[0]["body"]
        await asyncio.gather(mei.close(), lin.close())
