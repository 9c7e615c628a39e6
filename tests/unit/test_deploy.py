"""What is handed to operators fits the server: systemd units, and the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from collections import defaultdict
from pathlib import Path

import pytest

from chatserver.__main__ import EXIT_WRONG_USE
from chatserver.api.pages import BUILT
from chatserver.config import Settings, load
from chatserver.descriptors import RESERVED
from chatserver.processes import MARGIN_S

ROOT = Path(__file__).parents[2]
WORKER = ROOT / "deploy" / "chatserver-worker.service"
UNITS = sorted({*(ROOT / "deploy").glob("*.service")} - {WORKER})


def read(unit: Path) -> dict[str, list[str]]:
    """Values by name, of all sections."""
    values = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            values[name].append(value.replace("%i", "1"))
    return values


def settings_of(unit: Path) -> Settings:
    words = " ".join(read(unit)["Environment"]).split()
    environment = dict(word.split("=", 1) for word in words)
    known = {f"CHAT_{name.upper()}" for name in Settings.__struct_fields__}
    assert environment.keys() <= known
    return load(environment)


def test_there_is_a_unit_for_the_machine_and_one_for_each_node() -> None:
    machine, node = UNITS
    assert settings_of(machine).processes > 1
    assert settings_of(node).reuse_port
    assert settings_of(node).processes == 1


def test_units_of_one_port_share_a_folder_that_outlives_each_of_them() -> None:
    node = UNITS[1]
    values = read(node)
    assert settings_of(node).handover_dir == "/run/" + values["RuntimeDirectory"][0]
    assert values["RuntimeDirectoryMode"] == ["0700"]
    assert values["RuntimeDirectoryPreserve"] == ["yes"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_agrees_with_the_server(unit: Path) -> None:
    values, settings = read(unit), settings_of(unit)
    assert settings.metrics_port  # on a shared port nobody could tell whose figures they are
    needed = settings.connections_max + RESERVED + settings.mongo_pool_size
    assert int(values["LimitNOFILE"][0]) >= needed
    assert int(values["TimeoutStopSec"][0]) > settings.drain_ms / 1000 + MARGIN_S
    assert values["RestartPreventExitStatus"] == [str(EXIT_WRONG_USE)]
    assert values["Type"] == ["notify"]
    assert re.search(r"chatserver serve$", values["ExecStart"][0])


def test_the_unit_of_a_worker_agrees_with_it() -> None:
    values, settings = read(WORKER), settings_of(WORKER)
    assert settings.worker_port
    assert values["RestartPreventExitStatus"] == [str(EXIT_WRONG_USE)]
    assert values["Type"] == ["notify"]
    assert values["ExecStart"][0].endswith("chatserver worker")


def test_the_wheel_carries_the_built_pages(tmp_path: Path) -> None:
    build = ("-q", "build", "-b", tmp_path / "build", "bdist_wheel", "-d", tmp_path)
    subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", *build],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name for name in archive.namelist() if name.startswith("chatserver/pages/")}
    built = {path.relative_to(ROOT).as_posix() for path in BUILT.rglob("[!.]*") if path.is_file()}
    assert built, "the pages are not built: run make setup"
    assert carried == built
