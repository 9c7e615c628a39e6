"""The systemd units fit the server: what they set exists, and their numbers agree with it."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from chatserver.__main__ import EXIT_WRONG_USE
from chatserver.config import Settings, load
from chatserver.descriptors import RESERVED
from chatserver.processes import MARGIN_S

UNITS = sorted((Path(__file__).parents[2] / "deploy").glob("*.service"))


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
