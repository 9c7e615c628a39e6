"""Whatever two people do on two devices each, at two nodes, and whatever is lost on the way:
what a device was told, event by event, is what a fresh one is told at once.
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
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chatserver.errors import Conflict, Forbidden, NotFound
from tests.integration.services.client import Client

REACTIONS = ("👍", "$a.b")
PEOPLE = ("mei", "lin")
PAGE = 4
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking would take minutes
ids = itertools.count()


class Chat(RuleBasedStateMachine):
    """mei and lin talk; each has a phone at one node and a tablet at the other."""

    runner: asyncio.Runner
    nodes: list[Any]

    def __init__(self) -> None:
        super().__init__()
        number = next(ids)
        self.people = {name: f"{name}{number}" for name in PEOPLE}
        self.clients = [
            Client(node, user, device)
            for user in self.people.values()
            for node, device in zip(self.nodes, ("phone", "tablet"), strict=True)
        ]
        self.drafts: list[model.Draft] = []
        self.acked: dict[str, int] = {}
        self.happened = 0
        self.run(self.begin())

    def run(self, work: Any) -> Any:
        self.happened += 1
        return self.runner.run(work)

    async def begin(self) -> None:
        for client in self.clients:
            await client.come()
        first, other = self.people.values()
        self.talk = await self.clients[0].device.open(other)
        self.clients[0].device.frames.remove("ack")
        await self.clients[0].do([FetchConversation(self.talk)])
        assert first != other

    # --- what people do -----------------------------------------------------------------------

    def somebody(self, data: st.DataObject) -> Client:
        """One of the devices that are online."""
        return data.draw(st.sampled_from([client for client in self.clients if client.online]))

    def anybody_online(self) -> bool:
        return any(client.online for client in self.clients)

    def draft(self, mention: bool) -> model.Draft:
        mentions = tuple(self.people.values()) if mention else ()
        id_ = f"c{next(ids)}"
        draft = model.Draft(
            conversation=self.talk, client_id=id_, body={"text": id_}, at=0, mentions=mentions
        )
        self.drafts.append(draft)
        return draft

    async def send(
        self, client: Client, draft: model.Draft, *, retry: bool = False, ack: bool = True
    ) -> None:
        payload = {
            "conversation": draft.conversation, "client_id": draft.client_id, "kind": "text",
            "body": draft.body, "mentions": list(draft.mentions), "retry": retry,
        }  # fmt: skip

        def take(answer: Any) -> list[Any]:
            sent = msgspec.convert(answer, model.Sent)
            key = f"{client.user}/{draft.client_id}"
            assert sent.duplicate == (key in self.acked)
            assert self.acked.setdefault(key, sent.seq) == sent.seq
            return self.state_after(client, draft, sent) if ack else self.lost(client)

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
    @rule(data=st.data(), mention=st.booleans(), ack=st.booleans())
    def somebody_writes(self, data: st.DataObject, mention: bool, ack: bool) -> None:
        self.run(self.send(self.somebody(data), self.draft(mention), ack=ack))

    @precondition(anybody_online)
    @rule(times=st.integers(1, 4))
    def everybody_writes_at_once(self, times: int) -> None:
        # made in a fixed order, so that an example is the same whenever it is run
        plan = [
            (client, [self.draft(mention=False) for _ in range(times)])
            for client in self.clients
            if client.online
        ]

        async def write(client: Client, drafts: list[model.Draft]) -> None:
            for draft in drafts:
                await self.send(client, draft)

        async def all_write() -> None:
            await asyncio.gather(*itertools.starmap(write, plan))

        self.run(all_write())

    @precondition(lambda self: self.drafts and self.anybody_online())
    @rule(data=st.data(), retry=st.booleans())
    def somebody_repeats_a_message(self, data: st.DataObject, retry: bool) -> None:
        draft = data.draw(st.sampled_from(self.drafts))
        self.run(self.send(self.somebody(data), draft, retry=retry))

    @precondition(lambda self: self.acked and self.anybody_online())
    @rule(data=st.data(), retry=st.booleans())
    def an_id_is_used_again_for_something_else(self, data: st.DataObject, retry: bool) -> None:
        client = self.somebody(data)
        own = [draft for draft in self.drafts if f"{client.user}/{draft.client_id}" in self.acked]
        if own:
            draft = data.draw(st.sampled_from(own))
            other = msgspec.structs.replace(draft, body={"text": "something else"})
            with pytest.raises(Conflict):
                self.run(self.send(client, other, retry=retry))

    @precondition(lambda self: self.acked and self.anybody_online())
    @rule(data=st.data(), what=st.sampled_from(["edit", "recall", "react", "unreact"]))
    def somebody_changes_a_message(self, data: st.DataObject, what: str) -> None:
        client, seq = self.somebody(data), data.draw(st.integers(1, len(self.acked)))
        more = {"edit": {"body": {"text": f"new {next(ids)}"}}, "recall": {}}.get(what)
        if more is None:
            reaction = data.draw(st.sampled_from(REACTIONS))
            what, more = "react", {"reaction": reaction, "on": what == "react"}

        def take(answer: Any) -> list[Any]:
            known = client.state.conversations.get(self.talk)
            return known.on_done(answer["mod"]) if known else []

        payload = {"conversation": self.talk, "seq": seq, **more}
        with suppress(Forbidden, NotFound):  # another's, or recalled
            self.run(client.call(f"message.{what}", payload, take))

    @precondition(lambda self: self.acked and self.anybody_online())
    @rule(data=st.data(), back=st.one_of(st.just(0), st.integers(-2, 5)))
    def somebody_reads(self, data: st.DataObject, back: int) -> None:
        client, seq = self.somebody(data), max(1, len(self.acked) - back)

        def take(answer: Any) -> list[Any]:
            marked = msgspec.convert(answer, model.ReadMarked)
            assert marked.read >= min(seq, len(self.acked))
            effects: list[Any] = client.state.on_read_marked(self.talk, marked)
            return effects

        self.run(client.call("read.mark", {"conversation": self.talk, "seq": seq}, take))

    @precondition(anybody_online)
    @rule(data=st.data(), mode=st.sampled_from(["all", "silent", "mentions"]))
    def somebody_mutes(self, data: st.DataObject, mode: str) -> None:
        client = self.somebody(data)
        payload = {"conversation": self.talk, "mode": mode}
        self.run(client.call("conversation.prefs", payload, client.take_view))

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
            fresh = Client(client.node, client.user, "fresh")
            await fresh.come()
            assert client.picture(self.talk) == fresh.picture(self.talk)
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
        page = (await messages.ranges({self.talk: (1, 2**40)})).get(self.talk, ())
        assert [message.seq for message in page] == list(range(1, len(page) + 1))
        assert {f"{m.sender}/{m.client_id}": m.seq for m in page} == self.acked
        for client in self.clients:
            known = client.state.conversations.get(self.talk)
            if client.online and known:
                assert list(known.log) == to_client(page[known.log.first - 1 :])


def to_client(page: Any) -> list[Any]:
    """Stored messages as a client reads them."""
    return msgspec.json.decode(msgspec.json.encode(page), type=list[model.Message])


async def start(make_node: Any) -> list[Any]:
    buses: list[Any] = []
    nodes = [make_node(buses, page_default=PAGE, reset_after_messages=12) for _ in range(2)]
    await nodes[0].kept.database.prepare()
    return nodes


async def stop(nodes: list[Any]) -> None:
    for node in nodes:
        await node.stop()
        assert not node.died


def test_old_state_and_events_are_a_fresh_sync(make_node: Any) -> None:
    with asyncio.Runner() as runner:
        nodes = runner.run(start(make_node))
        world = type("World", (Chat,), {"runner": runner, "nodes": nodes})
        try:
            run_state_machine_as_test(
                world,
                settings=settings(
                    max_examples=30, stateful_step_count=25, deadline=None, phases=PHASES
                ),
            )
        finally:
            runner.run(stop(nodes))
