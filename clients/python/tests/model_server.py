"""A server of one conversation in memory, to compare the client's picture with: log and answers."""

from __future__ import annotations

from typing import Any

import msgspec

from chatclient.effects import FetchChanges, FetchConversation, FetchHistory
from chatclient.model import (
    Change,
    ChangesPage,
    ConversationView,
    Head,
    HistoryPage,
    Member,
    Message,
    Prefs,
    SyncedConversation,
    SyncPage,
    apply,
    deleted,
)
from chatclient.room import Me, Room

ME, OTHER = "mei", "lin"
CONVERSATION = "c1"


class ModelServer:
    def __init__(self, page: int = 4, reset_after: int = 30) -> None:
        self.messages: list[Message] = []
        self.changes: list[Change] = []
        self.read = {ME: 0, OTHER: 0}
        self.delivered = {ME: 0, OTHER: 0}
        self.my = Prefs()
        self.room: Room | None = None
        self.place = Me()
        self.page = page
        self.reset_after = reset_after

    # ---- what happens; each returns the live event --------------------------------------------

    def append(
        self, sender: str, kind: str = "text", mentions: tuple[str, ...] = (), **fields: Any
    ) -> Any:
        seq = len(self.messages) + 1
        message = Message(
            conversation=CONVERSATION, seq=seq, client_id=f"c-{seq}", sender=sender,
            kind=kind, body=fields.pop("body", {"text": f"text {seq}"}), at=seq, mentions=mentions,
            **fields,
        )  # fmt: skip
        self.messages.append(message)
        if sender in self.read:
            self.read[sender] = self.delivered[sender] = seq
        return "message", msgspec.to_builtins(message)

    def change(self, seq: int, what: str) -> Any:
        message = self.messages[seq - 1]
        mod = len(self.changes) + 1
        fields: dict[str, Any] = {
            "edit": {"body": {"text": f"edited {mod}"}},
            "recall": {},
            "react": {"reaction": "👍", "on": True},
            "pin": {"on": True},
        }[what]
        change = Change(
            conversation=CONVERSATION, mod=mod, type=what, seq=seq, by=message.sender, at=mod,
            **fields,
        )  # fmt: skip
        self.changes.append(change)
        self.messages[seq - 1] = apply(message, change)
        return "change", msgspec.to_builtins(change)

    def mark_read(self, user: str, seq: int) -> Any:
        self.read[user] = max(self.read[user], seq)
        return "read", {"conversation": CONVERSATION, "user": user, "seq": seq}

    def delete(self, seq: int, *, up_to: bool) -> Any:
        cleared = max(self.my.cleared, seq) if up_to else self.my.cleared
        hidden = {*self.my.hidden, seq}
        self.my = Prefs(cleared=cleared, hidden=tuple(h for h in sorted(hidden) if h > cleared))
        return "conversation", {"conversation": msgspec.to_builtins(self.view())}

    # ---- what it answers ----------------------------------------------------------------------

    @property
    def head(self) -> Head:
        return Head(len(self.messages), len(self.changes))

    @property
    def seen(self) -> list[Message]:
        """The messages as I see them."""
        return [deleted(m) if self.my.deleted(m.seq) else m for m in self.messages]

    def unread(self) -> list[Message]:
        return [m for m in self.seen[self.read[ME] :] if m.counts_for(ME)]

    def view(self) -> ConversationView:
        unread = self.unread()
        members = tuple(
            Member(user=user, name=user, role="", read=self.read[user], delivered=self.read[user])
            for user in (ME, OTHER)
            if self.room is None
        )
        return ConversationView(
            id=CONVERSATION, kind="group" if self.room else "direct", created_at=1, members=members,
            room=self.room, me=self.place, head=self.head, read=self.read[ME],
            unread=len(unread), mentions=sum(ME in m.mentions for m in unread),
            last=self.seen[-1] if self.messages else None, my=self.my,
        )  # fmt: skip

    def sync(self, have: dict[str, Any]) -> SyncPage:
        seq, mod = have.get(CONVERSATION, (None, None))
        if seq is None or self.head.seq - seq > self.reset_after:
            messages, changes = self.seen[-self.page :], []
            more, reset = len(self.messages) > self.page, seq is not None
        else:
            messages = self.seen[seq : seq + self.page]
            changes = self.changes[mod : mod + self.page]
            more = seq + self.page < self.head.seq or mod + self.page < self.head.mod
            reset = False
        fields = msgspec.structs.asdict(self.view())
        told = SyncedConversation(
            **fields, messages=tuple(messages), changes=tuple(changes), more=more, reset=reset
        )
        return SyncPage(conversations=(told,), token="t")

    def answer(self, asked: Any) -> Any:
        if isinstance(asked, FetchConversation):
            return self.view()
        if isinstance(asked, FetchChanges):
            page = self.changes[asked.after : asked.after + self.page]
            return ChangesPage(tuple(page), asked.after + self.page < len(self.changes))
        assert isinstance(asked, FetchHistory)
        if asked.before is not None:
            first = max(0, asked.before - 1 - self.page)
            return HistoryPage(tuple(self.seen[first : asked.before - 1]), first > 0)
        after = asked.after or 0
        page = self.seen[after : after + self.page]
        return HistoryPage(tuple(page), after + self.page < len(self.messages))
