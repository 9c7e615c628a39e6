"""How much is measured."""

from __future__ import annotations

from msgspec import Struct


class Plan(Struct, frozen=True, kw_only=True):
    """Sizes and times."""

    rounds: int = 3
    patience_s: float = 60.0  # what is not delivered by then is lost

    members: int = 5000  # of the room, with a connection each
    senders: int = 10  # devices of one more
    burst: int = 50  # messages
    room_s: float = 2.0  # one message in flight, each round

    nodes: tuple[int, ...] = (1, 2, 4, 8)
    pairs: int = 200
    pace: float = 150.0  # messages a second, of all pairs together
    paced_s: float = 4.0
    rest_s: float = 2.0  # nothing is said: what nodes do by themselves
    leave_s: float = 6.0  # who left is told offline after five seconds

    directs: int = 150  # of a person with many conversations
    rooms: int = 50
    room_members: int = 10
    history: int = 20  # messages of each conversation
    times: int = 10  # as much for a long history
    moved: int = 10  # conversations
    calls: int = 40  # of each kind, each round
    named: int = 500  # members of a room that shows who has read
    counted: int = 5000  # of one that shows how many have

    storm: int = 5000  # people
    storms: int = 1  # each takes as long as all rounds of another part
    storm_directs: int = 10  # conversations of each
    storm_rooms: int = 10
    storm_room_members: int = 100


def quick() -> Plan:
    """Small numbers: shows that everything works, not how fast it is."""
    return Plan(
        rounds=1,
        patience_s=60.0,
        members=20,
        senders=2,
        burst=10,
        room_s=0.2,
        nodes=(1, 2),
        pairs=4,
        pace=50.0,
        paced_s=0.4,
        rest_s=0.2,
        leave_s=0.0,
        directs=6,
        rooms=4,
        room_members=3,
        history=4,
        times=3,
        moved=2,
        calls=5,
        named=10,
        counted=505,
        storm=20,
        storm_directs=4,
        storm_rooms=2,
        storm_room_members=5,
    )
