"""How much is measured."""

from __future__ import annotations

from msgspec import Struct


class Plan(Struct, frozen=True, kw_only=True):
    """Sizes and times; the defaults are those of the aims."""

    rounds: int = 3
    listeners: int = 1000  # in the room
    senders: int = 20  # of a burst
    burst: int = 500  # messages, for those that can deliver them within `burst_s`
    burst_s: float = 3.0
    room_s: float = 2.0  # one message in flight, each round
    patience_s: float = 60.0  # what is not delivered by then is lost
    connects: int = 2000  # each round
    connects_at_once: int = 200
    crowd: int = 10_000  # idle, then dropped
    half_crowd: int = 5000  # dropped, to see how the stall grows
    warm_up: int = 200  # clients whose coming and going is not counted as memory
    idle_s: float = 26.0  # one ping interval and a bit
    drop_s: float = 7.0  # who left is told offline after five seconds: that belongs to a drop
    settle_s: float = 15.0  # the longest wait for a server to come to rest
    pairs: int = 1000
    durable_s: float = 4.0
    bare_messages: int = 20_000
    stopped_s: float = 8.0
    stopped_messages: int = 200  # at least: more than a server may keep for one who does not read
    stopped_text_bytes: int = 8000


def quick() -> Plan:
    """Small numbers: shows that everything works, not how fast it is."""
    return Plan(
        rounds=1,
        listeners=20,
        senders=4,
        burst=20,
        burst_s=0.5,
        room_s=0.1,
        patience_s=60.0,
        connects=20,
        connects_at_once=10,
        crowd=30,
        half_crowd=15,
        warm_up=10,
        idle_s=0.2,
        drop_s=0.3,
        settle_s=1.0,
        pairs=10,
        durable_s=0.2,
        bare_messages=100,
        stopped_s=0.2,
        stopped_messages=20,
    )
