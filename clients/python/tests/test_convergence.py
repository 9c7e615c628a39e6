"""Whatever is lost, doubled, reordered or late: the client's picture becomes the server's."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chatclient.effects import FetchChanges, FetchConversation, FetchHistory, SyncAgain
from chatclient.events import ChatEvent, HistoryChanged, MessageAdded
from chatclient.model import Person, Ready
from chatclient.state import State

from .model_server import CONVERSATION, ME, OTHER, ModelServer

EXAMPLES = 200 if os.environ.get("CHAT_TEST_EXAMPLES") == "all" else 50
READY = Ready(me=Person(user=ME), device="d", time=0)
people = st.sampled_from([ME, OTHER])


class Convergence(RuleBasedStateMachine):
    """The network holds live events and answers; the rules deliver, lose and double them."""

    def __init__(self) -> None:
        super().__init__()
        self.server = ModelServer()
        self.state = State()
        self.live: list[Any] = []
        self.asked: list[Any] = []  # not yet seen by the server
        self.answers: list[Any] = []  # on their way back
        self.shown: list[int] = []
        self.do(self.state.on_ready(READY))

    def do(self, effects: list[Any]) -> None:
        afresh = any(isinstance(effect, HistoryChanged) for effect in effects)
        for effect in effects:
            if isinstance(effect, MessageAdded) and not afresh:
                self.shown.append(effect.message.seq)
            elif isinstance(effect, SyncAgain):
                self.sync()
            elif not isinstance(effect, ChatEvent):
                self.asked.append(effect)
        if afresh:
            log = self.state.conversations[CONVERSATION].log
            self.shown = [message.seq for message in log if message.kind != "void"]

    def sync(self) -> None:
        pending = [what for what, _ in self.answers] + self.asked
        if not any(isinstance(what, dict) for what in pending):
            self.asked.append(self.state.begin_sync())

    @rule(sender=people, mention=st.booleans(), kind=st.sampled_from(["text", "void", "system"]))
    def somebody_writes(self, sender: str, mention: bool, kind: str) -> None:
        mentions = (ME,) if mention and sender == OTHER else ()
        self.live.append(self.server.append(sender, kind, mentions))

    @precondition(lambda self: self.server.messages)
    @rule(data=st.data(), what=st.sampled_from(["edit", "recall", "react", "pin"]))
    def somebody_changes(self, data: st.DataObject, what: str) -> None:
        seq = data.draw(st.integers(1, len(self.server.messages)))
        if not self.server.messages[seq - 1].recalled:
            self.live.append(self.server.change(seq, what))

    @precondition(lambda self: self.server.messages)
    @rule(data=st.data(), user=people)
    def somebody_reads(self, data: st.DataObject, user: str) -> None:
        seq = data.draw(st.integers(1, len(self.server.messages)))
        self.live.append(self.server.mark_read(user, seq))

    @precondition(lambda self: self.server.messages)
    @rule(data=st.data(), up_to=st.sampled_from([False, False, True]))
    def i_delete_on_another_device(self, data: st.DataObject, up_to: bool) -> None:
        seq = data.draw(st.integers(1, len(self.server.messages)))
        self.live.append(self.server.delete(seq, up_to=up_to))

    @precondition(lambda self: self.live)
    @rule(data=st.data(), keep=st.booleans())
    def an_event_arrives(self, data: st.DataObject, keep: bool) -> None:
        at = data.draw(st.integers(0, min(2, len(self.live) - 1)))
        name, body = self.live[at] if keep else self.live.pop(at)
        self.do(self.state.on_event(name, body, 0))

    @precondition(lambda self: self.live)
    @rule()
    def an_event_is_lost(self) -> None:
        self.live.pop(0)

    @precondition(lambda self: self.asked)
    @rule(data=st.data())
    def the_server_answers(self, data: st.DataObject) -> None:
        asked = self.asked.pop(data.draw(st.integers(0, len(self.asked) - 1)))
        answer = (
            self.server.sync(asked["have"])
            if isinstance(asked, dict)
            else self.server.answer(asked)
        )
        self.answers.append((asked, answer))

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def an_answer_arrives(self, data: st.DataObject) -> None:
        self.take(*self.answers.pop(data.draw(st.integers(0, len(self.answers) - 1))))

    def take(self, asked: Any, answer: Any) -> None:
        if isinstance(asked, dict):
            self.do(self.state.on_sync(answer))
        elif isinstance(asked, FetchHistory):
            self.do(self.state.on_history(asked, answer))
        elif isinstance(asked, FetchChanges):
            self.do(self.state.on_changes(asked, answer))
        else:
            assert isinstance(asked, FetchConversation)
            self.do(self.state.on_view(answer))

    @rule()
    def the_connection_breaks(self) -> None:
        self.asked.clear()
        self.answers.clear()
        self.live.clear()
        self.state.on_disconnected()
        self.do(self.state.on_ready(READY))

    @precondition(lambda self: CONVERSATION in self.state.conversations)
    @rule()
    def i_scroll_up(self) -> None:
        self.do(self.state.conversations[CONVERSATION].older())

    @precondition(lambda self: self.state.synced)
    @rule()
    def the_server_says_resync(self) -> None:
        self.do([SyncAgain()])

    @invariant()
    def what_is_shown_has_no_gap(self) -> None:
        assert self.shown == sorted(set(self.shown))
        for seq in set(range(min(self.shown, default=0), max(self.shown, default=0))):
            assert seq in self.shown or self.server.messages[seq - 1].kind == "void"

    def teardown(self) -> None:
        for name, body in self.live:
            self.do(self.state.on_event(name, body, 0))
        self.sync()
        for again in (True, False):
            self.settle()
            if again:
                self.sync()
        conversation = self.state.conversations[CONVERSATION]
        log = conversation.log
        assert (log.last, log.mod) == (self.server.head.seq, self.server.head.mod)
        assert list(log) == self.server.seen[log.first - 1 :]
        assert conversation.my == self.server.my
        assert conversation.read == self.server.read[ME]
        unread = self.server.unread()
        mentions = sum(ME in m.mentions for m in unread)
        assert (conversation.unread, conversation.mentions) == (len(unread), mentions)
        self.state.count_badge()
        assert (self.state.badge.unread, self.state.badge.mentions) == (len(unread), mentions)
        assert conversation.members[OTHER].read == self.server.read[OTHER]

    def settle(self) -> None:
        for _ in range(1000):
            if self.answers:
                self.take(*self.answers.pop(0))
            elif self.asked:
                asked = self.asked.pop(0)
                sync = isinstance(asked, dict)
                answer = self.server.sync(asked["have"]) if sync else self.server.answer(asked)
                self.take(asked, answer)
            else:
                return
        raise AssertionError("the client never stops asking")


Convergence.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestConvergence = Convergence.TestCase
