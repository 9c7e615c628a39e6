"""Whatever three people do on five devices at two nodes, in a direct conversation and in a room
that they come to and go from, and whatever is lost on the way: what a device was told, event by
event, is what a fresh one is told at once.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from chatclient import model
from chatclient.effects import FetchConversation
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chatserver.errors import Conflict, Forbidden, Invalid, NotFound
from chatserver.services import access, notices
from tests.examples import examples
from tests.integration.services.client import Client

REACTIONS = ("👍", "$a.b")
ROLES = {"lin": "consultant", "mei": "customer", "fang": "customer"}
DEVICES = (("lin", 0), ("lin", 1), ("mei", 0), ("mei", 1), ("fang", 1))  # with their nodes
FAR = 2**50  # a time that does not come
MOVES = (
    "add", "add", "add", "remove", "leave", "join", "join", "ban", "admin", "member", "owner",
    "mute", "mute all", "unmute all", "show all", "show joined", "show last", "open", "announce",
)  # fmt: skip
REFUSED = (Forbidden, Invalid, NotFound)
PAGE = 4
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking would take minutes
ids = itertools.count()


class Chat(RuleBasedStateMachine):
    """lin and mei talk to each other, and with fang in a room; lin and mei have devices at both
    nodes."""

    runner: asyncio.Runner
    nodes: list[Any]

    def __init__(self) -> None:
        super().__init__()
        number = next(ids)
        self.people = {name: f"{name}{number}" for name in ROLES}
        self.clients = [
            Client(self.nodes[at], self.people[name], f"device{at}", ROLES[name])
            for name, at in DEVICES
        ]
        self.drafts: list[model.Draft] = []
        self.acked: dict[str, dict[str, int]] = {}
        self.happened = 0
        self.run(self.begin())

    def run(self, work: Any) -> Any:
        self.happened += 1
        return self.runner.run(work)

    async def begin(self) -> None:
        for client in self.clients:
            await client.come()
        lin = self.clients[0]
        self.direct = await lin.device.open(self.people["mei"])
        lin.device.frames.remove("ack")
        await lin.do([FetchConversation(self.direct)])
        self.acked[self.direct] = {}

    @initialize(
        history=st.sampled_from(["all", "joined", "last"]),
        join=st.sampled_from(["invitation", "approval", "open"]),
    )
    def a_room_is_begun(self, history: str, join: str) -> None:
        lin = self.clients[0]
        settings = {"history": history, "history_last": 2, "join": join}
        room = {
            "kind": "group", "title": "三月宝宝", "members": [self.people["mei"]],
            "settings": settings,
        }  # fmt: skip
        answer = self.run(lin.call("conversation.open", room, lin.take_view))
        self.room = answer["conversation"]["id"]
        self.acked[self.room] = {}

    # --- what people do -----------------------------------------------------------------------

    def somebody(self, data: st.DataObject) -> Client:
        """One of the devices that are online."""
        return data.draw(st.sampled_from([client for client in self.clients if client.online]))

    def anybody_online(self) -> bool:
        return any(client.online for client in self.clients)

    def somewhere(self, data: st.DataObject) -> str:
        """The direct conversation or the room."""
        talk: str = data.draw(st.sampled_from([self.direct, self.room, self.room]))
        return talk

    def some_message(self, data: st.DataObject, client: Client, talk: str) -> int:
        """The number of a message that the device knows of, more often one of the last."""
        back: int = data.draw(st.integers(0, 40))  # not from what is known, which may differ
        known = client.state.conversations.get(talk)
        head = known.head_seq if known else 1
        return max(1, head - back % head) if head else 1

    def draft(self, talk: str, mention: str = "") -> model.Draft:
        pair = (self.people["lin"], self.people["mei"])
        id_ = f"c{next(ids)}"
        draft = model.Draft(
            conversation=talk, client_id=id_, body={"text": id_}, at=0,
            mentions=pair if mention == "two" else (), mention_all=mention == "all",
        )  # fmt: skip
        self.drafts.append(draft)
        return draft

    async def send(
        self, client: Client, draft: model.Draft, *, retry: bool = False, ack: bool = True
    ) -> None:
        payload = {
            "conversation": draft.conversation, "client_id": draft.client_id, "kind": "text",
            "body": draft.body, "mentions": list(draft.mentions), "retry": retry,
            "mention_all": draft.mention_all,
        }  # fmt: skip
        acked = self.acked[draft.conversation]

        def take(answer: Any) -> list[Any]:
            sent = msgspec.convert(answer, model.Sent)
            key = f"{client.user}/{draft.client_id}"
            assert sent.duplicate == (key in acked)
            assert acked.setdefault(key, sent.seq) == sent.seq
            return self.state_after(client, draft, sent) if ack else self.lost(client)

        with suppress(*REFUSED):  # not in the room, or muted there
            await client.call("message.send", payload, take)

    @staticmethod
    def state_after(client: Client, draft: model.Draft, sent: model.Sent) -> list[Any]:
        effects: list[Any] = client.state.on_acked(draft, sent)
        return effects

    @staticmethod
    def lost(client: Client) -> list[Any]:
        client.missed = True  # a client whose answer is lost reconnects or asks again
        return []

    @precondition(anybody_online)
    @rule(data=st.data(), mention=st.sampled_from(["", "two", "all"]), ack=st.booleans())
    def somebody_writes(self, data: st.DataObject, mention: str, ack: bool) -> None:
        draft = self.draft(self.somewhere(data), mention)
        self.run(self.send(self.somebody(data), draft, ack=ack))

    def everybody_writes(self, talk: str, times: int) -> list[Any]:
        """What all who are online do; made in a fixed order, so that an example is the same
        whenever it is run."""

        async def write(client: Client, drafts: list[model.Draft]) -> None:
            for draft in drafts:
                await self.send(client, draft)

        return [
            write(client, [self.draft(talk) for _ in range(times)])
            for client in self.clients
            if client.online and (talk == self.room or not client.user.startswith("fang"))
        ]

    @precondition(anybody_online)
    @rule(data=st.data(), times=st.integers(1, 3))
    def everybody_writes_at_once(self, data: st.DataObject, times: int) -> None:
        self.run(all_of(self.everybody_writes(self.somewhere(data), times)))

    @precondition(lambda self: self.drafts and self.anybody_online())
    @rule(data=st.data(), retry=st.booleans())
    def somebody_repeats_a_message(self, data: st.DataObject, retry: bool) -> None:
        draft = data.draw(st.sampled_from(self.drafts))
        self.run(self.send(self.somebody(data), draft, retry=retry))

    @precondition(anybody_online)
    @rule(data=st.data(), retry=st.booleans())
    def an_id_is_used_again_for_something_else(self, data: st.DataObject, retry: bool) -> None:
        client, acked = self.somebody(data), self.acked[self.direct]
        own = [draft for draft in self.drafts if f"{client.user}/{draft.client_id}" in acked]
        if own:
            draft = data.draw(st.sampled_from(own))
            other = msgspec.structs.replace(draft, body={"text": "something else"})
            with pytest.raises(Conflict):
                self.run(self.send(client, other, retry=retry))

    @precondition(anybody_online)
    @rule(
        data=st.data(),
        what=st.sampled_from(["edit", "recall", "react", "unreact", "pin", "unpin"]),
    )
    def somebody_changes_a_message(self, data: st.DataObject, what: str) -> None:
        client, talk = self.somebody(data), self.somewhere(data)
        seq, on = self.some_message(data, client, talk), not what.startswith("un")
        name, more = {
            "edit": ("edit", {"body": {"text": f"new {next(ids)}"}}),
            "recall": ("recall", {}),
            "pin": ("pin", {"on": on}),
            "react": ("react", {"on": on}),
        }[what.removeprefix("un")]
        if name == "react":
            more["reaction"] = data.draw(st.sampled_from(REACTIONS))
        self.run(self.change(client, name, {"conversation": talk, "seq": seq, **more}))

    async def change(self, client: Client, what: str, payload: dict[str, Any]) -> None:
        def take(answer: Any) -> list[Any]:
            known = client.state.conversations.get(payload["conversation"])
            return known.on_done(answer["mod"]) if known else []

        with suppress(*REFUSED):  # another's, or recalled
            await client.call(f"message.{what}", payload, take)

    @precondition(anybody_online)
    @rule(data=st.data(), one=st.booleans())
    def somebody_deletes_for_themselves(self, data: st.DataObject, one: bool) -> None:
        client, talk = self.somebody(data), self.somewhere(data)
        seq = self.some_message(data, client, talk)
        payload = {"conversation": talk, "seq" if one else "up_to": seq}
        with suppress(*REFUSED):  # not theirs to see
            self.run(
                client.call("message.delete", payload, lambda _answer: [FetchConversation(talk)])
            )

    @precondition(anybody_online)
    @rule(data=st.data(), back=st.one_of(st.just(0), st.integers(-2, 5)))
    def somebody_reads(self, data: st.DataObject, back: int) -> None:
        client, talk = self.somebody(data), self.somewhere(data)
        known = client.state.conversations.get(talk)
        head = known.head_seq if known else 0
        seq = max(1, head - back)

        def take(answer: Any) -> list[Any]:
            marked = msgspec.convert(answer, model.ReadMarked)
            assert talk == self.room or marked.read >= min(seq, head)
            effects: list[Any] = client.state.on_read_marked(talk, marked)
            return effects

        with suppress(*REFUSED):
            self.run(client.call("read.mark", {"conversation": talk, "seq": seq}, take))

    @precondition(anybody_online)
    @rule(data=st.data(), mode=st.sampled_from(["all", "silent", "mentions"]))
    def somebody_mutes(self, data: st.DataObject, mode: str) -> None:
        client = self.somebody(data)
        payload = {"conversation": self.somewhere(data), "mode": mode}
        with suppress(*REFUSED):
            self.run(client.call("conversation.prefs", payload, client.take_view))

    # --- who comes and who goes -----------------------------------------------------------------

    @precondition(anybody_online)
    @rule(data=st.data(), what=st.sampled_from(MOVES))
    def the_room_moves(self, data: st.DataObject, what: str) -> None:
        self.run(self.move(*self.some_move(data, what)))

    @precondition(anybody_online)
    @rule(data=st.data(), add=st.booleans())
    def somebody_goes_and_comes_again(self, data: st.DataObject, add: bool) -> None:
        client, _, fields = self.some_move(data, "remove")
        self.run(self.move(client, "remove", fields))
        self.run(self.send(self.somebody(data), self.draft(self.room)))
        self.run(self.move(client, "add" if add else "ban", self.again(fields["user"], add)))

    @staticmethod
    def again(user: str, add: bool) -> dict[str, Any]:
        return {"users": [user]} if add else {"user": user}

    @precondition(anybody_online)
    @rule(data=st.data(), what=st.sampled_from(["add", "remove", "leave", "join", "ban"]))
    def the_room_moves_while_others_write(self, data: st.DataObject, what: str) -> None:
        move = self.move(*self.some_move(data, what))
        self.run(all_of([*self.everybody_writes(self.room, 2), move]))

    def some_move(self, data: st.DataObject, what: str) -> tuple[Client, str, dict[str, Any]]:
        """Who does it, by which call, with which fields."""
        here = [client for client in self.clients if client.online]
        in_charge = [client for client in here if client.role == "consultant"]  # as a rule
        client = data.draw(st.sampled_from([*in_charge, *in_charge, *here]))
        user = data.draw(st.sampled_from(list(self.people.values())))
        if what in ("admin", "member", "owner"):
            return client, "role", {"user": user, "role": what}
        name, fields = {
            "add": ("add", {"users": [user]}),
            "remove": ("remove", {"user": user}),
            "ban": ("ban", {"user": user, "until": data.draw(st.sampled_from([0, FAR]))}),
            "mute": ("mute", {"user": user, "until": data.draw(st.sampled_from([0, FAR]))}),
            "mute all": ("mute", {"until": FAR, "except": [user]}),
            "unmute all": ("mute", {"until": 0}),
            "show all": ("update", {"settings": {"history": "all"}}),
            "show joined": ("update", {"settings": {"history": "joined"}}),
            "show last": ("update", {"settings": {"history": "last", "history_last": 2}}),
            "open": ("update", {"settings": {"join": "open", "mention_all": "everyone"}}),
            "announce": ("update", {"announcement": f"news {next(ids)}"}),
        }.get(what, (what, {}))
        return client, name, fields

    async def move(self, client: Client, name: str, fields: dict[str, Any]) -> None:
        payload = {"conversation": self.room, **fields}
        with suppress(*REFUSED):
            await client.call(f"conversation.{name}", payload, client.take_view)

    # --- what happens to them -------------------------------------------------------------------

    @precondition(anybody_online)
    @rule(data=st.data())
    def events_arrive(self, data: st.DataObject) -> None:
        self.run(self.somebody(data).pump())

    @precondition(anybody_online)
    @rule(data=st.data())
    def events_are_lost(self, data: st.DataObject) -> None:
        self.somebody(data).lose()

    @precondition(anybody_online)
    @rule(data=st.data())
    def the_server_says_that_something_may_be_lost(self, data: st.DataObject) -> None:
        self.run(self.somebody(data).catch_up())

    @rule(seldom=st.integers(0, 3))
    def the_bus_breaks(self, seldom: int) -> None:
        self.nodes[0].bus.cut = self.nodes[0].bus.cut or seldom == 0

    @precondition(anybody_online)
    @rule(data=st.data())
    def a_device_goes(self, data: st.DataObject) -> None:
        self.somebody(data).go()

    @rule(data=st.data())
    def a_device_comes_back(self, data: st.DataObject) -> None:
        away = [client for client in self.clients if not client.online]
        if away:
            self.run(data.draw(st.sampled_from(away)).come())

    # --- and then -------------------------------------------------------------------------------

    @precondition(lambda self: self.happened > 5)
    @rule()
    def at_rest_everybody_agrees(self) -> None:
        self.run(self.agree())
        self.happened = 0

    def teardown(self) -> None:
        self.run(self.come_and_agree())

    async def come_and_agree(self) -> None:
        for client in self.clients:
            if not client.online:
                await client.come()
        await self.agree()
        for client in self.clients:
            client.go()

    async def agree(self) -> None:
        here = [client for client in self.clients if client.online]
        if self.nodes[0].bus.cut:
            self.nodes[0].bus.cut = False
            for client in here:
                client.missed = True  # a node that hears again tells all its devices
        await self.settle(here)
        await self.the_log_is_dense_and_holds_what_was_acknowledged()
        for client in here:
            fresh = Client(client.node, client.user, "fresh", client.role)
            await fresh.come()
            assert fresh.state.conversations.keys() == client.state.conversations.keys()
            for talk in fresh.state.conversations:
                assert client.picture(talk) == fresh.picture(talk)
            fresh.go()
        await self.settle(here)

    async def settle(self, here: list[Client]) -> None:
        for client in here:
            if client.missed:
                await client.catch_up()
        for node in self.nodes:
            await node.kept.cursors.written()
        while any(client.device.frames for client in here):
            for client in here:
                await client.pump()

    async def the_log_is_dense_and_holds_what_was_acknowledged(self) -> None:
        messages = self.nodes[0].kept.messages
        for talk, acked in self.acked.items():
            page = (await messages.ranges({talk: (1, 2**40)})).get(talk, ())
            assert [message.seq for message in page] == list(range(1, len(page) + 1))
            said = {f"{m.sender}/{m.client_id}": m.seq for m in page if m.kind != "system"}
            assert said == acked
            for client in self.clients:
                known = client.state.conversations.get(talk)
                if client.online and known and known.is_in:
                    there = to_client(page[known.log.first - 1 :])
                    assert list(known.log) == [known.log.shown(message) for message in there]


async def all_of(doing: list[Any]) -> None:
    """At once, and to the end of each."""
    await asyncio.gather(*doing)


def to_client(page: Any) -> list[Any]:
    """Stored messages as a client reads them."""
    return msgspec.json.decode(msgspec.json.encode(page), type=list[model.Message])


async def start(make_node: Any) -> list[Any]:
    buses: list[Any] = []
    return [make_node(buses, page_default=PAGE, reset_after_messages=12) for _ in range(2)]


async def stop(nodes: list[Any]) -> None:
    for node in nodes:
        await node.stop()
        assert not node.died


def test_old_state_and_events_are_a_fresh_sync(
    make_node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a node that hears nothing goes by what it knows for a moment; others wait a little longer
    monkeypatch.setattr(access, "FRESH_S", 0.02)
    monkeypatch.setattr(notices, "UNHEARD_S", 0.03)
    with asyncio.Runner() as runner:
        nodes = runner.run(start(make_node))
        world = type("World", (Chat,), {"runner": runner, "nodes": nodes})
        try:
            run_state_machine_as_test(
                world,
                settings=settings(max_examples=examples(30), stateful_step_count=25, phases=PHASES),
            )
        finally:
            runner.run(stop(nodes))
