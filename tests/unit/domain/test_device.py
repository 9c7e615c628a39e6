from __future__ import annotations

import msgspec
import pytest

from chatserver.domain.device import Cut, Device, superseded
from chatserver.domain.person import Platform

HERE = {"connection": "c1", "device": "phone", "token_id": "t1", "issued_at": 1000}


@pytest.mark.parametrize(
    ("cut", "meant"),
    [
        (Cut(user="mei"), True),
        (Cut(user="mei", device="phone"), True),
        (Cut(user="mei", device="other"), False),
        (Cut(user="mei", token_id="t1"), True),
        (Cut(user="mei", token_id="t2"), False),
        (Cut(user="mei", issued_by=1000), True),
        (Cut(user="mei", issued_by=999), False),
        (Cut(user="mei", spare="c1"), False),
        (Cut(user="mei", device="phone", spare="c1"), False),
        (Cut(user="mei", device="phone", spare="c2"), True),
        (Cut(user="mei", device="phone", token_id="t2"), False),
        (Cut(user="mei", device="phone", token_id="t1", issued_by=1000), True),
    ],
)
def test_a_connection_is_meant_when_all_that_is_given_fits(cut: Cut, meant: bool) -> None:
    assert cut.means(**HERE) is meant  # type: ignore[arg-type]


def test_a_cut_travels_between_nodes() -> None:
    cut = Cut(user="mei", device="phone", issued_by=7, reason="logged_out")
    assert msgspec.json.decode(msgspec.json.encode(cut), type=Cut) == cut


def a_device(name: str, connected_at: int, platform: Platform = "web") -> Device:
    return Device(id=name, platform=platform, name="", created_at=0, connected_at=connected_at)


def test_the_longest_gone_are_superseded() -> None:
    devices = [a_device("b", 2), a_device("d", 4), a_device("a", 1), a_device("c", 3)]
    assert [device.id for device in superseded(devices, "web", 2)] == ["b", "a"]


def test_other_platforms_do_not_count() -> None:
    devices = [a_device("a", 1), a_device("b", 2, "ios"), a_device("c", 3, "ios")]
    assert superseded(devices, "web", 1) == []


def test_within_the_limit_all_stay() -> None:
    assert superseded([a_device("a", 1)], "web", 1) == []
    assert superseded([], "web", 1) == []
