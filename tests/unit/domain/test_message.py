"""What may be done to a message, and what it is afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from chatserver.domain.message import (
    REACTIONS_PER_MESSAGE,
    Change,
    ChangeRules,
    Deed,
    Draft,
    Forwarded,
    Message,
    allow,
    apply,
    check_mentions,
    check_text,
)
from chatserver.domain.person import Caller, Role
from chatserver.errors import ChatError, Conflict, Forbidden, Invalid, NotFound, TooLarge

SENT_AT = 1_900_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
RULES = ChangeRules(
    edit_window_ms=24 * HOUR,
    card_edit_window_ms=30 * 24 * HOUR,
    edits_max=10,
    recall_window_ms=2 * MINUTE,
    staff_recall_window_ms=24 * HOUR,
)


ORDER: dict[str, Any] = {"type": "order", "id": "N-1", "status": "placed"}


def message(**fields: Any) -> Message:
    plain: dict[str, Any] = {
        "conversation": "d1", "seq": 7, "client_id": "c-7", "sender": "mei", "kind": "text",
        "body": {"text": "宝宝三个月"}, "at": SENT_AT,
    }  # fmt: skip
    return Message(**{**plain, **fields})


def deed(type_: str, *, after_ms: int = 0, **fields: Any) -> Deed:
    defaults: dict[str, dict[str, Any]] = {
        "edit": {"body": {"text": "new"}},
        "recall": {},
        "react": {"reaction": "👍", "on": True},
    }
    given = {"seq": 7, "by": "mei", "at": SENT_AT + after_ms, **defaults[type_], **fields}
    return Deed(type=type_, **given)  # type: ignore[arg-type]


def change(type_: str, mod: int = 1, **fields: Any) -> Change:
    return deed(type_, after_ms=5, **fields).numbered("d1", mod)


def caller(user: str = "mei", role: Role = "customer") -> Caller:
    return Caller(user=user, role=role, device="phone", connection="k1")


# --- apply ------------------------------------------------------------------------------------


def test_an_edit_replaces_the_body_and_is_counted() -> None:
    before = message(mentions=("lin",), reactions={"👍": ("lin",)})
    after = apply(before, change("edit", mod=3))
    assert after == structs.replace(
        before, body={"text": "new"}, edited_at=SENT_AT + 5, edits=1, mod=3
    )


def test_a_recall_leaves_number_and_sender_and_nothing_that_was_said() -> None:
    before = message(mentions=("lin",), reactions={"👍": ("lin",)}, edits=2, edited_at=SENT_AT + 1)
    after = apply(before, change("recall", mod=4))
    assert (after.body, after.mentions, after.reactions) == ({}, (), {})
    assert (after.recalled, after.seq, after.sender, after.mod) == (True, 7, "mei", 4)


def test_reactions_are_added_and_taken_away_by_person() -> None:
    now = message()
    for mod, (by, on) in enumerate([("mei", True), ("lin", True), ("mei", False)], 1):
        now = apply(now, change("react", mod, by=by, on=on))
    assert now.reactions == {"👍": ("lin",)}
    assert apply(now, change("react", 4, by="lin", on=False)).reactions == {}


def test_a_reaction_told_twice_counts_once() -> None:
    once = apply(message(), change("react", 1, by="lin"))
    twice = apply(once, change("react", 2, by="lin"))
    assert twice.reactions == {"👍": ("lin",)}
    off = apply(message(), change("react", 1, by="lin", on=False))
    assert off.reactions == {}


@pytest.mark.parametrize("type_", ["edit", "recall", "react"])
@pytest.mark.parametrize("mod", [1, 4, 5])
def test_a_change_that_the_message_already_holds_is_passed_over(type_: str, mod: int) -> None:
    held = message(mod=5, body={"text": "later"})
    assert apply(held, change(type_, mod)) is held


# --- allow ------------------------------------------------------------------------------------

RECALLED = {"recalled": True, "body": {}}
MANY = {f"r{n}": ("lin",) for n in range(REACTIONS_PER_MESSAGE)}

ALLOWED = {
    "edit at the end of the window": (message(), deed("edit", after_ms=24 * HOUR), caller()),
    "edit of a card as its order goes its way": (
        message(kind="card", body=ORDER),
        deed("edit", body={**ORDER, "status": "paid"}, after_ms=30 * 24 * HOUR),
        caller(),
    ),
    "the last edit": (message(edits=9), deed("edit"), caller()),
    "recall at the end of the window": (message(), deed("recall", after_ms=2 * MINUTE), caller()),
    "staff recalls later": (
        message(),
        deed("recall", after_ms=24 * HOUR),
        caller(role="consultant"),
    ),
    "react on": (message(), deed("react"), caller()),
    "react off": (message(reactions={"👍": ("mei",)}), deed("react", on=False), caller()),
    "react to another's": (message(), deed("react", by="lin"), caller("lin")),
    "join the last kind of reaction": (
        message(reactions=MANY),
        deed("react", reaction="r0"),
        caller(),
    ),
}


@pytest.mark.parametrize(("of", "wanted", "who"), ALLOWED.values(), ids=ALLOWED)
def test_this_is_allowed_and_changes_something(of: Message, wanted: Deed, who: Caller) -> None:
    assert allow(of, wanted, who, RULES) is True


UNCHANGED = {
    "edit to the same text": (message(), deed("edit", body={"text": "宝宝三个月"}), caller()),
    "late edit to the same text": (
        message(),
        deed("edit", body={"text": "宝宝三个月"}, after_ms=25 * HOUR),
        caller(),
    ),
    "recall again, also late": (
        message(**RECALLED),
        deed("recall", after_ms=48 * HOUR),
        caller(),
    ),
    "react on again": (message(reactions={"👍": ("mei",)}), deed("react"), caller()),
    "react off again": (message(), deed("react", on=False), caller()),
}


@pytest.mark.parametrize(("of", "wanted", "who"), UNCHANGED.values(), ids=UNCHANGED)
def test_asking_for_what_is_already_so_changes_nothing(
    of: Message, wanted: Deed, who: Caller
) -> None:
    assert allow(of, wanted, who, RULES) is False


REFUSED: dict[str, tuple[type[ChatError], Message, Deed, Caller]] = {
    "edit of another's": (Forbidden, message(), deed("edit", by="lin"), caller("lin")),
    "edit by staff of a customer's": (
        Forbidden,
        message(),
        deed("edit", by="lin"),
        caller("lin", "admin"),
    ),
    "edit of a card too late": (
        Forbidden,
        message(kind="card", body=ORDER),
        deed("edit", body={**ORDER, "status": "paid"}, after_ms=30 * 24 * HOUR + 1),
        caller(),
    ),
    "edit of a card to another order's": (
        Forbidden,
        message(kind="card", body=ORDER),
        deed("edit", body={**ORDER, "id": "N-2"}),
        caller(),
    ),
    "edit of what was forwarded": (
        Forbidden,
        message(forwarded=Forwarded(sender="lin", name="Lin", at=1)),
        deed("edit"),
        caller(),
    ),
    "edit of a link": (Forbidden, message(kind="link"), deed("edit"), caller()),
    "edit of no text": (Forbidden, message(kind="system"), deed("edit"), caller()),
    "edit too late": (Forbidden, message(), deed("edit", after_ms=24 * HOUR + 1), caller()),
    "edit too often": (Forbidden, message(edits=10), deed("edit"), caller()),
    "edit of a recalled one": (NotFound, message(**RECALLED), deed("edit"), caller()),
    "recall of another's": (Forbidden, message(), deed("recall", by="lin"), caller("lin")),
    "recall too late": (Forbidden, message(), deed("recall", after_ms=2 * MINUTE + 1), caller()),
    "recall by a bot gets no staff window": (
        Forbidden,
        message(),
        deed("recall", after_ms=3 * MINUTE),
        caller(role="bot"),
    ),
    "recall by staff too late": (
        Forbidden,
        message(),
        deed("recall", after_ms=24 * HOUR + 1),
        caller(role="manager"),
    ),
    "react to a recalled one": (NotFound, message(**RECALLED), deed("react"), caller()),
    "too many kinds of reaction": (Conflict, message(reactions=MANY), deed("react"), caller()),
}


@pytest.mark.parametrize(("error", "of", "wanted", "who"), REFUSED.values(), ids=REFUSED)
def test_this_is_refused(error: type[ChatError], of: Message, wanted: Deed, who: Caller) -> None:
    with pytest.raises(error):
        allow(of, wanted, who, RULES)


def test_a_full_message_still_gives_reactions_back() -> None:
    full = message(reactions={**MANY, "r0": ("mei",)})
    assert allow(full, deed("react", reaction="r0", on=False), caller(), RULES)


# --- the text and the mentions ----------------------------------------------------------------


def test_a_text_is_measured_in_bytes_of_utf_8() -> None:
    assert check_text({"text": "奶粉"}, 6) == {"text": "奶粉"}
    with pytest.raises(TooLarge) as refusal:
        check_text({"text": "奶粉"}, 5)
    assert refusal.value.path == "body.text"


def test_unknown_fields_of_a_body_are_dropped() -> None:
    assert check_text({"text": "hi", "$where": 1, "html": "<b>"}, 100) == {"text": "hi"}


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": " \n\t　"}, {"text": 1}, {"text": None}]
)
def test_a_message_needs_some_text(body: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        check_text(body, 100)
    assert refusal.value.path == "body.text"
    assert "$" not in refusal.value.message


def test_the_first_mention_of_a_stranger_is_named() -> None:
    check_mentions(("mei", "lin"), frozenset({"mei", "lin"}))
    with pytest.raises(Invalid) as refusal:
        check_mentions(("mei", "eve", "bob"), frozenset({"mei", "lin"}))
    assert refusal.value.path == "mentions[1]"


# --- drafts -----------------------------------------------------------------------------------


def draft(**fields: Any) -> Draft:
    plain: dict[str, Any] = {
        "conversation": "d1", "client_id": "c-7", "sender": "mei", "kind": "text",
        "body": {"text": "hi"}, "reply_to": 2, "mentions": ("lin",),
    }  # fmt: skip
    return Draft(**{**plain, **fields})


@pytest.mark.parametrize(
    "other", [{"body": {"text": "ho"}}, {"reply_to": None}, {"mentions": ()}, {"kind": "custom"}]
)
def test_a_digest_tells_another_content(other: dict[str, Any]) -> None:
    assert draft(**other).digest() != draft().digest()


def test_a_digest_is_the_same_for_ever() -> None:
    assert draft().digest() == draft().digest()
    assert draft(body={"a": 1, "b": 2}).digest() == draft(body={"b": 2, "a": 1}).digest()
    # stored beside every message: a value that drifts would refuse honest retries
    assert draft().digest().hex() == "f518e7f2863280e7e0dfb6e04f85e204"


def test_a_numbered_draft_is_the_message() -> None:
    numbered = draft().numbered(9, SENT_AT)
    assert numbered == message(
        seq=9, body={"text": "hi"}, reply_to=2, mentions=("lin",), client_id="c-7"
    )
