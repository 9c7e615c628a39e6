"""`chatserver push check --online` asks vendors' token servers, and nobody is pushed."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatserver.config import Settings
from chatserver.providers.push.check import check
from loadtest.push.services import serving

pytestmark = pytest.mark.asyncio

FILE = """
[[provider]]
kind = "huawei"
url = "{url}"
app_id = "{app}"
secret = {{file = "{secret}"}}
"""


@pytest.mark.parametrize(("app", "good"), [("app-1", True), ("another", False)])
async def test_whether_a_token_server_takes_our_credentials_is_said(
    tmp_path: Path, app: str, good: bool
) -> None:
    async with serving("huawei") as service:
        service.config(tmp_path)
        file = tmp_path / "push.toml"
        file.write_text(FILE.format(url=service.url, app=app, secret=tmp_path / "huawei"))
        (line,) = await check(Settings(push_file=str(file)), online=True)
        assert line.good == good, line
        assert ("server grants one" in line.found) == good
        assert service.pushes == 0
        assert len(service.granted) == (1 if good else 0)


async def test_a_token_server_that_does_not_answer_is_said(tmp_path: Path) -> None:
    async with serving("huawei") as service:
        service.config(tmp_path)
    file = tmp_path / "push.toml"
    file.write_text(FILE.format(url=service.url, app="app-1", secret=tmp_path / "huawei"))
    (line,) = await check(Settings(push_file=str(file)), online=True)
    assert not line.good
    assert "not_connected" in line.found
