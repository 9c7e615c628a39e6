"""Taps on cards, which become messages of who taps."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chatserver.domain.bodies import Body
from chatserver.domain.calls import ActOnCard
from chatserver.domain.message import Draft, Kind, Message
from chatserver.domain.person import Caller
from chatserver.errors import Conflict, Forbidden, Invalid, NotFound
from chatserver.services.access import Access
from chatserver.services.messages import Messages
from chatserver.store.log import Stored
from chatserver.store.stores import Stores

RATING = "rating"


class Said(Struct, frozen=True):
    """What a tap says."""

    kind: Kind
    body: Body


class Cards:
    """What people may do with cards that others sent."""

    def __init__(self, stores: Stores, access: Access, messages: Messages) -> None:
        self._stored = stores.messages
        self._access = access
        self._messages = messages

    async def act(self, caller: Caller, call: ActOnCard, now_ms: int) -> Stored:
        """Send what the button says, as a reply to the card.

        Raises:
            NotFound: the caller sees no such card, or it has no such button.
            Forbidden: it is the caller's own.
            Conflict: the caller has rated this already.
            Others as for sending a message.
        """
        card = await self._card(caller, call)
        if card.sender == caller.user:
            raise Forbidden("Buttons of a card are for the others")
        is_rating = call.button == RATING and card.body["type"] == RATING
        said = _rated(card, call) if is_rating else _pressed(card, call)
        draft = Draft(
            conversation=call.conversation,
            # the log knows each id of a person once, so there is one rating of each
            client_id=f"rating:{call.seq}" if is_rating else call.client_id,
            sender=caller.user,
            kind=said.kind,
            body=said.body,
            reply_to=call.seq,
        )
        try:
            return await self._messages.post(caller, draft, now_ms, retry=call.retry)
        except Conflict:
            if is_rating:
                raise Conflict("You have rated this already") from None
            raise

    async def _card(self, caller: Caller, call: ActOnCard) -> Message:
        sight = await self._access.sight(caller, call.conversation)
        place = (call.conversation, call.seq)
        found = (await self._stored.by_id([place])).get(place) if sight.shows(call.seq) else None
        message = sight.message(found) if found else None
        if message is None or message.kind != "card" or not message.body:
            raise NotFound("There is no such card")
        return message


def _rated(card: Message, call: ActOnCard) -> Said:
    best = card.body.get("best", 5)
    if call.rating is None or call.rating > best:
        raise Invalid(f"A rating is a number from 1 to {best}", path="rating")
    data = {"card": call.seq, "id": card.body["id"], "rating": call.rating, "best": best}
    body: Body = {"type": "card.rating", "data": data}
    return Said("custom", {**body, "text": call.text} if call.text.strip() else body)


def _pressed(card: Message, call: ActOnCard) -> Said:
    buttons: list[dict[str, Any]] = card.body.get("buttons", [])
    button = next((each for each in buttons if each["id"] == call.button), None)
    if button is None or "url" in button:
        raise NotFound("This card has no such button")
    if "send" in button:
        return Said("text", {"text": button["send"]})
    data = {
        "card": call.seq,
        "id": card.body.get("id", ""),
        "action": button["action"],
        "value": button.get("value", ""),
    }
    return Said("custom", {"type": "card.action", "text": button["label"], "data": data})
