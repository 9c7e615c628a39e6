"""What waits for a client goes out in order, within limits; and an end is told once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.sockets import Socket, State, push_all
from tests.unit.gateway.engine.recording import REQUEST, Carrier, Keeper


def frame(name: str = "x", size: int = 100, *, droppable: bool = False) -> Frame:
    """A frame that takes exactly so many bytes."""
    made = Frame(name.ljust(size - (2 if size < 128 else 4), "."), droppable=droppable)
    assert len(made.wire) == size
    return made


def names(packets: list[str]) -> list[str]:
    return [packet.rstrip(".") for packet in packets]


@pytest.fixture
def keeper() -> Keeper:
    """Sheds beyond 1,000 bytes, and cuts off beyond 2,000."""
    return Keeper(shed_bytes=1000, outbox_bytes=2000)


# --- going out ----------------------------------------------------------------------------------


def test_what_is_pushed_in_one_turn_goes_out_in_one_write(keeper: Keeper) -> None:
    for name in "abc":
        keeper.socket.push(frame(name))
    assert keeper.carrier.sent == []
    keeper.end_turn()
    keeper.socket.push(frame("d"))
    keeper.end_turn()
    assert [names(packets) for packets in keeper.carrier.sent] == [["a", "b", "c"], ["d"]]


def test_what_a_carrier_does_not_take_at_once_goes_with_its_next(keeper: Keeper) -> None:
    keeper.shed_bytes = keeper.outbox_bytes = 10_000
    sent = [str(number) for number in range(40)]
    for name in sent:
        keeper.socket.push(frame(name))
    for _ in range(3):
        keeper.end_turn()
        keeper.socket.flush()
    assert [names(packets) for packets in keeper.carrier.sent] == [
        sent[:16],
        sent[16:32],
        sent[32:],
    ]


def test_what_the_network_does_not_take_waits_and_goes_in_one_write(keeper: Keeper) -> None:
    keeper.carrier.full = True
    for name in "abc":
        keeper.socket.push(frame(name))
        keeper.end_turn()
    assert keeper.carrier.sent == []
    keeper.carrier.full = False
    keeper.socket.flush()
    assert [names(packets) for packets in keeper.carrier.sent] == [["a", "b", "c"]]


def test_a_client_for_whom_nothing_waits_holds_nothing(keeper: Keeper) -> None:
    keeper.socket.push(frame())
    keeper.end_turn()
    assert (keeper.socket._waiting, keeper.socket._bytes) == (None, 0)
    assert keeper.socket.take() == []
    keeper.end_turn()
    keeper.socket.flush()
    assert len(keeper.carrier.sent) == 1


def test_what_waits_goes_on_over_another_carrier(keeper: Keeper) -> None:
    keeper.carrier.full = True
    keeper.socket.push(frame("a"))
    keeper.end_turn()
    other = Carrier()
    keeper.socket.carried_by(other)
    keeper.socket.push(frame("b"))
    keeper.end_turn()
    assert (keeper.carrier.sent, names(other.packets)) == ([], ["a", "b"])


STATES: dict[str, Callable[[Keeper], None]] = {
    "nothing waiting": lambda keeper: None,
    "something waiting": lambda keeper: keeper.socket.push(frame("before", 300)),
    "much waiting": lambda keeper: keeper.socket.push(frame("before", 950)),
    "too much waiting": lambda keeper: keeper.socket.push(frame("before", 1950)),
    "a network that is full": lambda keeper: setattr(keeper.carrier, "full", True),
    "its end begun": lambda keeper: keeper.socket.close("closed"),
    "its end over": lambda keeper: keeper.socket.abort("aborted"),
}


@pytest.mark.parametrize("size", [100, 1500, 2500])
@pytest.mark.parametrize("droppable", [False, True])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_what_is_pushed_to_all_goes_to_each_as_if_alone(
    state: Callable[[Keeper], None], droppable: bool, size: int
) -> None:
    def told(push: Callable[[Sequence[Socket], Frame], None]) -> object:
        keeper = Keeper(shed_bytes=1000, outbox_bytes=2000)
        other = Socket("other", REQUEST, keeper)
        other.carrier = others = Carrier()
        state(keeper)
        for name in "ab":
            push([keeper.socket, other], frame(name, size, droppable=droppable))
        keeper.end_turn()
        return keeper.carrier.sent, others.sent, keeper.carrier.ends, keeper.told, keeper.shedded

    def each(sockets: Sequence[Socket], frame: Frame) -> None:
        for socket in sockets:
            socket.push(frame)

    assert told(push_all) == told(each)


def test_nobody_is_told_nothing() -> None:
    push_all([], frame())


# --- limits -------------------------------------------------------------------------------------


def test_beyond_the_soft_limit_droppable_frames_go_and_others_stay(keeper: Keeper) -> None:
    keeper.carrier.full = True
    keeper.socket.push(frame("typing, in time", 500, droppable=True))
    keeper.socket.push(frame("message", 500))
    keeper.socket.push(frame("typing, too late", droppable=True))
    keeper.socket.push(frame("another message", 500))
    keeper.socket.push(frame("typing, too late", droppable=True))
    keeper.carrier.full = False
    keeper.end_turn()
    assert names(keeper.carrier.packets) == ["typing, in time", "message", "another message"]
    assert (keeper.shedded, keeper.told, keeper.socket.state) == (2, [], State.OPEN)


def test_what_went_out_makes_room_again(keeper: Keeper) -> None:
    for _ in range(5):
        keeper.socket.push(frame("message", 900))
        keeper.socket.push(frame("typing", droppable=True))
        keeper.end_turn()
    assert names(keeper.carrier.packets) == ["message", "typing"] * 5
    assert keeper.shedded == 0


def test_a_full_outbox_is_no_reason_to_end(keeper: Keeper) -> None:
    for _ in range(4):
        keeper.socket.push(frame(size=500))
    keeper.end_turn()
    assert (len(keeper.carrier.packets), keeper.told) == (4, [])


def test_beyond_the_hard_limit_a_slow_reader_is_cut_off_and_told_once(keeper: Keeper) -> None:
    keeper.carrier.full = True
    for _ in range(30):
        keeper.socket.push(frame())
    assert keeper.told == ["slow reader"]
    assert (keeper.carrier.ends, keeper.socket._waiting) == (["aborted"], None)
    keeper.carrier.full = False
    keeper.end_turn()
    assert keeper.carrier.sent == []


def test_a_droppable_frame_never_cuts_off(keeper: Keeper) -> None:
    keeper.socket.push(frame(size=2000))
    keeper.socket.push(frame(size=5000, droppable=True))
    assert (keeper.told, keeper.shedded) == ([], 1)


# --- the end ------------------------------------------------------------------------------------

ENDS: dict[str, Callable[[Socket], None]] = {
    "close": lambda socket: socket.close("first"),
    "abort": lambda socket: socket.abort("first"),
    "fail": lambda socket: socket.fail("first"),
    "lost": lambda socket: socket.lost("first"),
}
THEN: dict[str, Callable[[Socket], None]] = {
    "close": lambda socket: socket.close("again"),
    "abort": lambda socket: socket.abort("again"),
    "fail": lambda socket: socket.fail("again"),
    "leave": lambda socket: socket.leave(),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("then", THEN.values(), ids=THEN)
def test_every_end_is_told_once(
    keeper: Keeper, end: Callable[[Socket], None], then: Callable[[Socket], None]
) -> None:
    end(keeper.socket)
    keeper.end_turn()
    then(keeper.socket)
    keeper.end_turn()
    assert [told for told in keeper.told if told != "gone"] == ["first"]


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_after_its_end_a_client_is_sent_and_heard_no_more(
    keeper: Keeper, end: Callable[[Socket], None]
) -> None:
    end(keeper.socket)
    keeper.end_turn()
    told = list(keeper.told)
    keeper.socket.push(frame())
    keeper.socket.received("4hello")
    keeper.end_turn()
    assert (keeper.carrier.sent, keeper.told) == ([], told)
    assert keeper.socket._waiting is None


@pytest.mark.parametrize("end", [THEN[name] for name in ("close", "abort", "fail")])
def test_the_application_may_push_and_end_while_it_is_told(
    keeper: Keeper, end: Callable[[Socket], None]
) -> None:
    def closing(socket: Socket, reason: str) -> None:
        keeper.told.append(reason)
        socket.push(frame())
        socket.close()
        socket.abort()

    keeper.closing = closing  # type: ignore[method-assign]
    end(keeper.socket)
    keeper.end_turn()
    assert (keeper.told, keeper.carrier.sent) == (["again"], [])


def test_a_close_sends_what_waits_first(keeper: Keeper) -> None:
    keeper.socket.push(frame("a"))
    keeper.socket.push(frame("b"))
    keeper.socket.close("enough")
    keeper.socket.push(frame("too late"))
    assert (keeper.told, keeper.carrier.ends) == (["enough"], [])
    keeper.end_turn()
    assert names(keeper.carrier.packets) == ["a", "b"]
    assert set(keeper.carrier.ends) == {1000}


def test_a_close_waits_for_a_network_that_is_full(keeper: Keeper) -> None:
    keeper.carrier.full = True
    keeper.socket.push(frame("a"))
    keeper.socket.close()
    keeper.end_turn()
    assert keeper.carrier.ends == []
    keeper.carrier.full = False
    keeper.socket.flush()
    assert (names(keeper.carrier.packets), keeper.carrier.ends) == (["a"], [1000])


@pytest.mark.parametrize("end", ["abort", "fail", "leave"])
def test_every_end_but_a_close_drops_what_waits(keeper: Keeper, end: str) -> None:
    keeper.socket.push(frame("a"))
    THEN[end](keeper.socket)
    keeper.end_turn()
    assert keeper.carrier.sent == []
    assert keeper.carrier.ends == {"abort": ["aborted"], "fail": [1008], "leave": [1000]}[end]


def test_whoever_leaves_is_told_of_as_having_left(keeper: Keeper) -> None:
    keeper.socket.leave()
    keeper.socket.leave()
    assert keeper.told == ["client disconnect"]


def test_it_is_gone_after_it_was_told_so(keeper: Keeper) -> None:
    keeper.socket.lost("network")
    assert keeper.told == ["network", "gone"]
    other = Keeper()
    other.socket.close("enough")
    other.socket.lost("network")
    assert other.told == ["enough", "gone"]


def drained(keeper: Keeper) -> None:
    keeper.carrier.full = False
    keeper.socket.flush()


STEPS: dict[str, Callable[[Keeper], None]] = {
    "message": lambda keeper: keeper.socket.push(frame("message", 300)),
    "large": lambda keeper: keeper.socket.push(frame("large", 1200)),
    "typing": lambda keeper: keeper.socket.push(frame("typing", 300, droppable=True)),
    "received": lambda keeper: keeper.socket.received("4x"),
    "turn": lambda keeper: keeper.end_turn(),
    "full": lambda keeper: setattr(keeper.carrier, "full", True),
    "drained": drained,
    "close": lambda keeper: keeper.socket.close("ended"),
    "abort": lambda keeper: keeper.socket.abort("ended"),
    "fail": lambda keeper: keeper.socket.fail("ended"),
    "leave": lambda keeper: keeper.socket.leave(),
}
PUSHED = {"message": 300, "large": 1200, "typing": 300}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=30))
def test_whatever_happens_all_is_sent_in_order_or_the_end_is_told(steps: list[str]) -> None:
    keeper = Keeper(shed_bytes=1000, outbox_bytes=2000)
    pushed = []
    for step in steps:
        if step in PUSHED and keeper.socket.state is State.OPEN:
            pushed.append(step)
        STEPS[step](keeper)
        assert keeper.socket._bytes == sum(len(f.wire) for f in keeper.socket._waiting or ())
        assert keeper.socket._bytes <= 2000
    drained(keeper)
    keeper.end_turn()
    sent = names(keeper.carrier.packets)
    ended = [told for told in keeper.told if not told.startswith("received")]
    assert len(ended) <= 1
    if keeper.socket.state is not State.CLOSED:
        assert [name for name in sent if name != "typing"] == [p for p in pushed if p != "typing"]
        assert sent.count("typing") + keeper.shedded == pushed.count("typing")
    if keeper.socket.state is State.CLOSING:
        assert keeper.carrier.ends
