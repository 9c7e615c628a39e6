"""What is in messages: taps on cards, previews of links, word filters, reports."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chatserver.domain.calls.base import Call, Limit, Time
from chatserver.domain.cards import ButtonId
from chatserver.domain.links import Address
from chatserver.domain.message import ClientId, ConversationId, Seq
from chatserver.domain.report import Reason, ReportNote, ReportState, Verdict
from chatserver.domain.word_filter import WORDS_AT_ONCE, FilterAction, FilterWord, RuleName


class ActOnCard(Call, frozen=True, kw_only=True):
    """Tap a button of a card that somebody else sent, which becomes a message of mine in reply to
    it. A `send` button becomes that `text`; an `action` a `custom` message of type `card.action`
    with `data {card, id, action, value}`. A rating card takes the button `rating` with a `rating`
    and words of mine: it becomes `card.rating` with `data {card, id, rating, best}`, and another
    one of mine is refused with `conflict`."""

    name = "card.act"
    ack = "seq, at, duplicate?"

    conversation: ConversationId
    seq: Seq
    button: ButtonId
    client_id: ClientId
    rating: Annotated[int, Meta(ge=1, le=10)] | None = None
    text: Annotated[str, Meta(max_length=500)] = ""
    retry: bool = False


class PreviewLink(Call, frozen=True, kw_only=True):
    """What the page at an https address says of itself, which a `link` message with it then
    carries. The server fetches it, so that those who get the message ask nobody. Refused with
    `unsupported` where the server fetches none."""

    name = "link.preview"
    ack = "preview"

    url: Address


class GetFilter(Call, frozen=True, kw_only=True):
    """The word filter of a room, for its admins, or without `conversation` that of my shop, for its
    managers. With `rule` that one alone, with its words."""

    name = "filter.get"
    ack = "rules, rev"

    conversation: ConversationId | None = None
    rule: RuleName | None = None


class SetFilter(Call, frozen=True, kw_only=True):
    """Keep a rule of such a filter, or change the one of this name; without words it is gone. All
    nodes go by it within seconds. Characters between those of a word (blanks, signs, emoji) do not
    hide it, nor do width and case; words of letters count where they stand alone."""

    name = "filter.set"
    ack = "rules, rev"

    conversation: ConversationId | None = None
    rule: RuleName
    action: FilterAction
    words: Annotated[tuple[FilterWord, ...], Meta(max_length=WORDS_AT_ONCE)]


class CreateReport(Call, frozen=True, kw_only=True):
    """Report a message that I see to those who look after the room, or to the shop's managers; a
    second time it changes nothing. Nobody else learns of it."""

    name = "report.create"
    ack = "duplicate?"

    conversation: ConversationId
    seq: Seq
    reason: Reason
    note: ReportNote = ""


class ListReports(Call, frozen=True, kw_only=True):
    """Reports of a room, for its admins, or without `conversation` of my shop, for its managers,
    the latest first; `open` is how many wait. From then on `reports` tells this connection how
    many do. `after` is the last one I have."""

    name = "report.list"
    ack = "reports, more, open"

    conversation: ConversationId | None = None
    state: ReportState = "open"
    after: tuple[ConversationId, Seq] | None = None
    limit: Limit = 50


class GetReport(Call, frozen=True, kw_only=True):
    """A report with the messages around the one that was reported, as they were then."""

    name = "report.get"
    ack = "report"

    conversation: ConversationId
    seq: Seq


class ResolveReport(Call, frozen=True, kw_only=True):
    """Say what becomes of a reported message and its sender: `dismiss` is nothing, `recall` takes
    the message back; `mute` and `ban` last until a time, and as `remove` are for rooms whose admin
    I am. Of several moderators the one whose `revision` is still the report's decides."""

    name = "report.resolve"
    ack = "report"

    conversation: ConversationId
    seq: Seq
    revision: Annotated[int, Meta(ge=1, le=2**53)]
    verdict: Verdict
    until: Time | None = None
    note: ReportNote = ""
