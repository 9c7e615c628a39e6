"""Reports: a message that somebody, or a word filter, found wrong, and what became of it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from chatserver.domain.conversation import ConversationKind
from chatserver.domain.message import Message

REPORTERS_SHOWN = 50
COPIES_MAX = 5
CONTEXT_MESSAGES = 5  # before it, and as many after

Reason = Literal["spam", "abuse", "fraud", "sexual", "illegal", "other"]
ReportState = Literal["open", "resolved"]
Verdict = Literal["dismiss", "recall", "mute", "remove", "ban"]
ReportNote = Annotated[str, Meta(max_length=500)]


class Complaint(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That one person, or with `rule` a word filter, reported it. `mod` is the last change of the
    message when they did: the copy with that `mod` is what they saw."""

    user: str
    reason: Reason
    at: int
    mod: int
    note: str = ""
    rule: str = ""


class Resolution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a moderator decided."""

    verdict: Verdict
    by: str
    at: int
    note: str = ""


class ReportPlace(Struct, frozen=True, kw_only=True):
    """Where it was said: the title of a room, and by language where it has several. `members` are
    the two of a direct conversation, and the customer of one with a shop."""

    kind: ConversationKind
    title: str = ""
    titles: dict[str, str] = {}
    members: tuple[str, ...] = ()


class Report(Struct, frozen=True, kw_only=True):
    """All that was reported of one message, as moderators see it.

    `copies` are the message as it was whenever somebody reported it, also where it was edited or
    recalled since. `context` are messages around it as they were then, which `report.get` alone
    gives. `count` is how many reported it; of them the first are in `complaints`. A new complaint
    opens a report again, which adds to `revision` as everything does. `names` are what everybody in
    it is called, as moderators need not be in the conversation.
    """

    conversation: str
    seq: int
    sender: str
    state: ReportState
    shop: str | None
    count: int
    revision: int
    first_at: int
    last_at: int
    complaints: tuple[Complaint, ...]
    copies: tuple[Message, ...]
    context: tuple[Message, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    place: ReportPlace | None = None
    names: dict[str, str] = {}

    @property
    def people(self) -> set[str]:
        """Everybody who is named in it."""
        said = {message.sender for message in (*self.copies, *self.context)}
        by = {each.user for each in self.complaints} | {each.by for each in self.resolutions}
        return (said | by | {self.sender}) - {""}
