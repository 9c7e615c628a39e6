"""The TypeScript SDK: its own tests, a play with a real server, its package and its README."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
from pathlib import Path
from typing import Any

import pytest

from loadtest.faults.nodes import ChatServer
from loadtest.faults.people import token
from tests.acceptance.conftest import Cast
from tests.acceptance.javascript import cannot_run, node

SDK = Path(__file__).parents[2] / "clients" / "sdk"
PATIENCE_S = 110.0


async def run(*arguments: str | Path, **environment: str) -> str:
    """What Node prints; it must succeed."""
    program = node()
    if not (SDK / "node_modules" / "typescript").is_dir():
        cannot_run("what the TypeScript SDK needs is not installed: run make setup")
    process = await asyncio.create_subprocess_exec(
        program, *map(str, arguments), cwd=SDK,
        env={**os.environ, "PATH": f"{Path(program).parent}:{os.environ['PATH']}", **environment},
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


async def build() -> None:
    await run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json")


@pytest.mark.asyncio
async def test_the_sdk_passes_its_own_tests() -> None:
    files = sorted((SDK / "test").glob("*.test.ts"))
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
async def test_the_package_holds_the_built_files_and_no_others(tmp_path: Path) -> None:
    await build()
    npm = Path(node()).parent / "npm"
    program = [npm] if npm.exists() else ["node_modules/npm/bin/npm-cli.js"]
    packed = await run(
        *program, "pack", "--dry-run", "--json", "--ignore-scripts",
        npm_config_cache=str(tmp_path), npm_config_loglevel="error",
    )  # fmt: skip
    files = {file["path"] for file in json.loads(packed)[0]["files"]}
    sources = {file.stem for file in (SDK / "src").glob("*.ts")}
    built = {f"dist/{name}.{suffix}" for name in sources for suffix in ("js", "d.ts")}
    assert files == built | {"package.json", "README.md", "LICENSE"}


@pytest.mark.asyncio
async def test_the_example_of_its_readme_runs(house: ChatServer, cast: Cast) -> None:
    await build()
    user = cast.name("mei")
    code = re.findall(r"```ts\n(.*?)```", (SDK / "README.md").read_text("utf-8"), re.S)[0]
    assert code.count("\n") <= 25
    surroundings = f"""
        const kept = new Map()
        globalThis.localStorage = {{ getItem: (k) => kept.get(k) ?? null, setItem: kept.set }}
        kept.set = Map.prototype.set.bind(kept)
        globalThis.localStorage.setItem = kept.set
        globalThis.fetch = async () => new Response({json.dumps(token(user))})
        setTimeout(() => process.exit(1), {int(PATIENCE_S * 1000)}).unref()
    """
    example = SDK / "dist" / f"example-{user}.mts"
    example.write_text(
        surroundings + code.replace("https://chat.example", house.url) + "\nprocess.exit(0)"
    )
    try:
        printed = await run(example)
    finally:
        example.unlink()
    assert "stored as number 1" in printed
