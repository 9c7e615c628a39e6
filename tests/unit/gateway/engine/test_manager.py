"""Rooms both ways answer as python-socketio's own manager does, which is asked the same."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import socketio
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from chatserver.gateway.engine.frames import Frame
from chatserver.gateway.engine.manager import Manager
from chatserver.gateway.engine.packets import Encoder
from tests.examples import examples

T = TypeVar("T")

NAMESPACES = ("/", "/shop")
CLIENTS = ("e1", "e2", "e3", "e4")
ROOMS = ("red", "green", "blue")


class Inbox:
    """A client as the manager's server sees it: notes what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def push(self, frame: Frame) -> None:
        self.sent.append(frame.text)


class Server:
    """What a manager needs of its server. The next id is up to the test."""

    packet_class = Encoder

    def __init__(self, manager: socketio.AsyncManager) -> None:
        self.next_id = ""
        self.inboxes = {client: Inbox() for client in CLIENTS}
        self.eio = SimpleNamespace(
            generate_id=lambda: self.next_id, engine=SimpleNamespace(sockets=self.inboxes)
        )
        manager.set_server(self)
        self.manager = manager

    async def _send_eio_packet(self, eio_sid: str, packet: Any) -> None:
        self.inboxes[eio_sid].sent.append(packet.encode())

    async def _send_packet(self, eio_sid: str, packet: Any) -> None:
        self.inboxes[eio_sid].sent.append("4" + packet.encode())


def run(call: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that has nothing to wait for."""
    try:
        call.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("This waits")


class Rooms(RuleBasedStateMachine):
    """The same history for both."""

    def __init__(self) -> None:
        super().__init__()
        self.ours, self.stock = Server(Manager()), Server(socketio.AsyncManager())
        self.everybody: list[tuple[str, str]] = []  # sid and namespace, also of those who left
        self.arriving: list[tuple[str, str]] = []
        self.here: list[tuple[str, str]] = []

    def ask(self, name: str, *arguments: Any) -> Any:
        """What both answer, which must be the same; errors are answers too."""
        answers = []
        for server in (self.ours, self.stock):
            try:
                answer = getattr(server.manager, name)(*arguments)
                answers.append(run(answer) if asyncio.iscoroutine(answer) else answer)
            except ValueError as error:
                answers.append(str(error))
        assert answers[0] == answers[1]
        return answers[0]

    @initialize()
    def some_are_here(self) -> None:
        for client in CLIENTS[:3]:
            self.a_client_asks_to_come_in(client, "/")
            self.here.append(self.arriving.pop())
            self.ask("connect", *self.here[-1])

    @rule(client=st.sampled_from(CLIENTS), namespace=st.sampled_from(NAMESPACES))
    def a_client_asks_to_come_in(self, client: str, namespace: str) -> None:
        self.ours.next_id = self.stock.next_id = f"s{len(self.everybody)}"
        sid = self.ask("pre_connect", client, namespace)
        if sid is not None:
            self.everybody.append((sid, namespace))
            self.arriving.append((sid, namespace))

    @precondition(lambda self: self.arriving)
    @rule(data=st.data())
    def it_is_let_in(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(self.arriving))
        self.arriving.remove(who)
        self.here.append(who)
        self.ask("connect", *who)

    @precondition(lambda self: self.arriving)
    @rule(data=st.data())
    def it_is_refused(self, data: st.DataObject) -> None:
        who = data.draw(st.sampled_from(self.arriving))
        self.arriving.remove(who)
        self.ask("disconnect", *who)

    @precondition(lambda self: self.here)
    @rule(data=st.data(), room=st.sampled_from(ROOMS))
    def it_enters(self, data: st.DataObject, room: str) -> None:
        self.ask("enter_room", *data.draw(st.sampled_from(self.here)), room)

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def it_enters_the_room_of_a_client(self, data: st.DataObject) -> None:
        who, other = (data.draw(st.sampled_from(self.here)) for _ in range(2))
        if who[1] == other[1]:  # elsewhere it is a room like any other
            self.ask("enter_room", *who, other[0])

    @precondition(lambda self: self.everybody)
    @rule(data=st.data(), room=st.sampled_from(ROOMS))
    def it_leaves(self, data: st.DataObject, room: str) -> None:
        self.ask("leave_room", *data.draw(st.sampled_from(self.everybody)), room)

    @rule(room=st.sampled_from(ROOMS), namespace=st.sampled_from(NAMESPACES))
    def a_room_is_closed(self, room: str, namespace: str) -> None:
        self.ask("close_room", room, namespace)

    @precondition(lambda self: self.here)
    @rule(data=st.data())
    def a_room_of_a_client_is_closed(self, data: st.DataObject) -> None:
        self.ask("close_room", *data.draw(st.sampled_from(self.here)))

    @precondition(lambda self: self.here)
    @rule(data=st.data(), looked_at=st.booleans())
    def it_goes(self, data: st.DataObject, looked_at: bool) -> None:
        who = data.draw(st.sampled_from(self.here))
        self.here.remove(who)
        self.ask("pre_disconnect", *who)
        if looked_at:
            self.the_answers_are_the_same()
        self.ask("disconnect", *who)

    @rule(data=st.data())
    def one_who_left_goes_again(self, data: st.DataObject) -> None:
        gone = [who for who in self.everybody if who not in self.here + self.arriving]
        if gone:
            self.ask("disconnect", *data.draw(st.sampled_from(gone)))

    @invariant()
    def the_answers_are_the_same(self) -> None:
        for server in (self.ours, self.stock):
            server.answers = self.answers_of(server.manager)  # type: ignore[attr-defined]
        assert self.ours.answers == self.stock.answers  # type: ignore[attr-defined]

    def answers_of(self, manager: socketio.AsyncManager) -> list[Any]:
        answers: list[Any] = [set(manager.get_namespaces())]
        for namespace in NAMESPACES:
            own = [sid for sid, where in self.everybody if where == namespace]
            several = [["red", "green"], ["red", "red"], ("blue", "nobody's")]
            for room in (None, "nobody's", *ROOMS, *own, *several):
                participants = list(manager.get_participants(namespace, room))
                assert len(dict(participants)) == len(participants)
                answers.append(dict(participants))
            answers += [manager.sid_from_eio_sid(client, namespace) for client in CLIENTS]
        for sid, namespace in self.everybody:
            answers += [
                sorted(manager.get_rooms(sid, namespace)),
                manager.is_connected(sid, namespace),
                manager.eio_sid_from_sid(sid, namespace),
                manager.is_sid_room(namespace, sid),
            ]
        return answers

    def teardown(self) -> None:
        for who in self.here + self.arriving:
            self.ask("disconnect", *who)
        manager = self.ours.manager
        held = (manager.rooms, manager._rooms_of, manager._arriving, manager._leaving)
        assert not any((*held, manager.callbacks))


TestRooms = Rooms.TestCase
TestRooms.settings = settings(max_examples=examples(40), stateful_step_count=25)


# --- what the other does not promise ------------------------------------------------------------


def come_in(server: Server, client: str, namespace: str = "/") -> str:
    """A client is let in; its id is its own name, so that both servers agree."""
    server.next_id = f"sid of {client}"
    sid = run(server.manager.pre_connect(client, namespace))
    assert run(server.manager.connect(sid, namespace)) == sid
    return str(sid)


@pytest.fixture
def server() -> Server:
    return Server(Manager())


def test_a_stranger_enters_no_room(server: Server) -> None:
    come_in(server, "e1")
    for sid, namespace in (("unknown", "/"), ("sid of e1", "/shop")):
        with pytest.raises(ValueError, match="not connected"):
            server.manager.basic_enter_room(sid, namespace, "red")
    assert list(server.manager.get_participants("/", "red")) == []


def test_nobody_leaves_their_own_room_or_the_namespace_by_leaving_a_room(server: Server) -> None:
    sid = come_in(server, "e1")
    for room in (sid, None):
        server.manager.basic_leave_room(sid, "/", room)
    assert server.manager.get_rooms(sid, "/") == [sid]
    assert list(server.manager.get_participants("/", None)) == [(sid, "e1")]


def test_a_room_that_everybody_left_is_forgotten(server: Server) -> None:
    sids = [come_in(server, client) for client in CLIENTS]
    for sid in sids:
        server.manager.basic_enter_room(sid, "/", "red")
    for sid in sids:
        assert "red" in server.manager.rooms["/"]
        server.manager.basic_leave_room(sid, "/", "red")
    assert list(server.manager.rooms["/"]) == [None]


def test_one_client_may_be_in_several_namespaces(server: Server) -> None:
    server.next_id = "here"
    here = run(server.manager.pre_connect("e1", "/"))
    server.next_id = "there"
    there = run(server.manager.pre_connect("e1", "/shop"))
    server.manager.basic_enter_room(here, "/", "red")
    assert server.manager.get_rooms(there, "/shop") == ["there"]
    server.manager.basic_disconnect(here, "/")
    assert list(server.manager.get_namespaces()) == ["/shop"]


class NeverWalked(dict[Any, Any]):
    """Rooms that can be looked up, but not gone through."""

    def _refuse(self, *_: object) -> Any:
        raise AssertionError("This goes through all rooms")

    __iter__ = keys = values = items = copy = _refuse


def test_going_away_costs_ones_own_rooms_however_many_others_there_are(server: Server) -> None:
    manager = server.manager
    clients = [come_in(server, client) for client in CLIENTS]
    for sid in clients:
        manager.basic_enter_room(sid, "/", "red")
        manager.basic_enter_room(sid, "/", f"only of {sid}")
    manager.rooms["/"] = NeverWalked(manager.rooms["/"])
    for sid in clients:
        assert sorted(manager.get_rooms(sid, "/")) == sorted([sid, "red", f"only of {sid}"])
        manager.pre_disconnect(sid, "/")
        manager.basic_disconnect(sid, "/")
    assert (manager.rooms, manager._rooms_of) == ({}, {})


def test_an_acknowledgement_that_never_came_is_forgotten_with_its_client(server: Server) -> None:
    sid = come_in(server, "e1")
    server.manager._generate_ack_id(sid, print)
    server.manager.basic_disconnect(sid, "/")
    assert server.manager.callbacks == {}


# --- telling ------------------------------------------------------------------------------------

TELLINGS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "a room": {"room": "red"},
    "a room, by its other name": {"to": "red"},
    "a client": {"to": "sid of e2"},
    "several rooms": {"to": ["red", "green"]},
    "nobody": {"to": "blue"},
    "all but one": {"skip_sid": "sid of e1"},
    "a room but two": {"room": "red", "skip_sid": ["sid of e1", "sid of e2"]},
    "no arguments": {"data": None},
    "several arguments": {"data": ("a", {"b": 1})},
    "a list": {"data": ["a", 1]},
    "text that is not ASCII": {"data": "奶粉"},
    "another namespace": {"namespace": "/shop"},
    "a namespace without anybody": {"namespace": "/empty"},
}


@pytest.mark.asyncio
@pytest.mark.parametrize("telling", TELLINGS.values(), ids=TELLINGS)
async def test_the_same_is_told_to_the_same(telling: dict[str, Any]) -> None:
    inboxes = []
    for server in (Server(Manager()), Server(socketio.AsyncManager())):
        sids = {client: come_in(server, client) for client in CLIENTS}
        for client, room in (("e1", "red"), ("e2", "red"), ("e2", "green"), ("e3", "green")):
            server.manager.basic_enter_room(sids[client], "/", room)
        come_in(server, "e4", "/shop")
        await server.manager.emit("event", **{"data": 1, "namespace": "/", **telling})
        inboxes.append({client: inbox.sent for client, inbox in server.inboxes.items()})
    assert inboxes[0] == inboxes[1]


@pytest.mark.asyncio
async def test_with_a_callback_each_gets_a_number_of_its_own() -> None:
    answers: list[Any] = []
    for server in (Server(Manager()), Server(socketio.AsyncManager())):
        sid = come_in(server, "e1")
        for _ in range(2):
            await server.manager.emit("event", 1, "/", to=sid, callback=answers.append)
        assert server.inboxes["e1"].sent == ['421["event",1]', '422["event",1]']
        await server.manager.trigger_callback(sid, 2, ["second"])
    assert answers == ["second", "second"]


def test_whoever_is_told_the_same_gets_the_same_frame(server: Server) -> None:
    told: list[Frame] = []
    for client in CLIENTS:
        come_in(server, client)
        server.inboxes[client].push = told.append  # type: ignore[method-assign, assignment]
    run(server.manager.emit("event", 1, "/"))
    assert len(told) == len(CLIENTS)
    assert len({id(frame) for frame in told}) == 1


def test_a_client_whose_connection_just_ended_is_passed_over(server: Server) -> None:
    for client in CLIENTS:
        come_in(server, client)
    del server.inboxes["e2"]
    run(server.manager.emit("event", 1, "/"))
    assert [len(inbox.sent) for inbox in server.inboxes.values()] == [1, 1, 1]
