"""What is written in TypeScript: tests of SDK and pages, a play with a real server, the package."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Any

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import token
from tests.acceptance.conftest import Cast
from tests.acceptance.javascript import cannot_run, node_of_wheel

CLIENTS = Path(__file__).parents[2] / "clients"
SDK = CLIENTS / "sdk"
TYPESCRIPT = CLIENTS / "node_modules" / "typescript"
PATIENCE_S = 110.0


def node() -> Path:
    """A Node that runs TypeScript: one of the system may be too old for that."""
    found = node_of_wheel()
    if found is None or not TYPESCRIPT.is_dir():
        cannot_run("what the TypeScript SDK needs is not installed: run make setup")
    return Path(str(found))


async def run(*arguments: str | Path, **environment: str) -> str:
    """What Node prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        node(), *map(str, arguments), cwd=SDK, env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            printed, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()[-4000:]
    return printed.decode()


@pytest.mark.asyncio
@pytest.mark.parametrize("part", ["sdk", "web"])
async def test_each_part_passes_its_own_tests(part: str) -> None:
    files = sorted((CLIENTS / part / "test").glob("*.test.ts"))
    await run("--test", "--test-isolation=none", "--test-reporter=dot", *files)


@pytest.mark.asyncio
async def test_nothing_is_lost_doubled_or_out_of_order_over_cuts_and_reloads(
    house: ChatServer, cast: Cast
) -> None:
    names = cast.name("mei"), cast.name("lin")
    seed = secrets.randbelow(2**31)
    script: dict[str, Any] = {
        "url": house.url, "tokens": {name: token(name) for name in names}, "seed": seed,
        "steps": 150,
    }  # fmt: skip
    played = json.loads((await run("test/live/play.ts", json.dumps(script))).splitlines()[-1])
    assert played["messages"] > 20, seed
    assert played["cuts"] > 3, seed
    assert played["reloads"] > 3, seed


@pytest.mark.asyncio
async def test_a_file_arrives_whole_over_a_connection_that_is_cut_again_and_again(
    house: ChatServer, cast: Cast
) -> None:
    mei, lin = cast.name("mei"), cast.name("lin")
    script = {"url": house.url, "mei": token(mei), "lin": token(lin), "linId": lin}
    played = json.loads((await run("test/live/media.ts", json.dumps(script))).splitlines()[-1])
    assert played["requests"] > 4


@pytest.mark.asyncio
async def test_the_package_holds_the_built_files_and_no_others(tmp_path: Path) -> None:
    shutil.rmtree(SDK / "dist", ignore_errors=True)
    await run(TYPESCRIPT / "bin" / "tsc", "-p", "tsconfig.build.json")
    settings = {"cache": tmp_path, "ignore_scripts": "true", "loglevel": "silent"}
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    packed = await run(
        npm, "pack", "--dry-run", "--json",
        **{f"npm_config_{name}": str(value) for name, value in settings.items()},
    )  # fmt: skip
    told = json.loads(packed)
    package = told[0] if isinstance(told, list) else told["@chatserver/client"]
    files = {file["path"] for file in package["files"]}
    sources = {file.stem for file in (SDK / "src").glob("*.ts")}
    built = {f"dist/{name}.{suffix}" for name in sources for suffix in ("js", "d.ts")}
    assert files - {"LICENSE"} == built | {"package.json", "README.md"}  # prepack copies it
    for entry in ("@chatserver/client", "@chatserver/client/core"):
        exported = f"import('{entry}').then((all) => console.log(Object.keys(all).join()))"
        assert "ChatClient" in await run("--eval", exported)


@pytest.mark.asyncio
async def test_the_example_of_its_readme_runs(
    house: ChatServer, cast: Cast, tmp_path: Path
) -> None:
    lin = await cast.join("lin", house)
    code = re.findall(r"```ts\n(.*?)```", (SDK / "README.md").read_text("utf-8"), re.DOTALL)[0]
    assert code.count("\n") <= 25
    own = {
        "https://chat.example": house.url, "@chatserver/client": f"{SDK}/src/index.ts",
        '"lin"': json.dumps(lin.user),
    }  # fmt: skip
    for shown, meant in own.items():
        assert shown in code
        code = code.replace(shown, meant)
    page = f"""
        globalThis.localStorage = {{ getItem: () => null, setItem: () => {{}} }}
        globalThis.fetch = async () => new Response({json.dumps(token(cast.name("mei")))})
    """
    example = tmp_path / "example.mjs"
    example.write_text(page + code, encoding="utf-8")
    assert "stored as number 1" in await run(example)
