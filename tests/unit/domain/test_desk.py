"""What happens to service conversations, act by act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from chatserver.domain import desk as rules
from chatserver.domain.conversation import Conversation, Room, Service, notes_id, service_id
from chatserver.domain.membership import Membership
from chatserver.domain.person import Person, Role
from chatserver.domain.scene import Ruling, Scene
from chatserver.errors import ChatError, Forbidden, NotFound, Taken
from tests.unit.domain.scenes import NOW, SHOP, caller, told

ROLES: dict[str, Role] = {
    "mei": "customer", "lin": "consultant", "ting": "consultant", "wang": "manager",
    "zhou": "consultant", "boss": "admin",
}  # fmt: skip
ELSEWHERE = {"zhou"}


def person(user: str) -> Person:
    shop = "wuyi" if user in ELSEWHERE else SHOP
    return Person(user=user, name=user.title(), role=ROLES[user], shop=shop)


class Desk:
    """Mei's conversation with the shop; what is decided takes effect at once."""

    def __init__(self) -> None:
        service = Service(customer="mei", names={"mei": "Mei"})
        room = Room(title="暖芽", owner="", shop=SHOP, capacity=9, service=service)
        self.conversation = Conversation(id="s1", kind="service", created_at=NOW, room=room)
        self.members: dict[str, Membership] = {}
        self.now = NOW
        self.act(rules.begin, "mei")

    @property
    def service(self) -> Service:
        assert self.conversation.service is not None
        return self.conversation.service

    def act(self, rule: Callable[..., Ruling | None], by: str, *given: Any) -> Ruling | None:
        who = person(by)
        scene = Scene(
            conversation=self.conversation,
            members=dict(self.members),
            caller=caller(by, who.role, who.shop),
            now=self.now,
        )
        ruling = rule(scene, *given)
        if ruling is not None:
            self.conversation = structs.replace(self.conversation, room=ruling.room)
            self.members.update({member.user: member for member in ruling.members})
        return ruling

    def asked(self) -> Desk:
        self.act(rules.ask, "mei")
        return self

    def claimed(self, by: str = "lin") -> Desk:
        self.asked().act(rules.claim, by, person(by))
        return self

    @property
    def inside(self) -> set[str]:
        return {user for user, member in self.members.items() if member.is_in}

    def refuses(self, rule: Callable[..., Any], by: str, *given: Any) -> type[ChatError]:
        before = self.conversation, dict(self.members)
        with pytest.raises(ChatError) as refusal:
            self.act(rule, by, *given)
        assert before == (self.conversation, self.members)
        return type(refusal.value)


def test_it_waits_from_the_first_question_on() -> None:
    desk = Desk()
    assert not desk.service.waits
    desk.now += 5
    desk.asked()
    assert (desk.service.waits, desk.service.since) == (True, NOW + 5)
    desk.now += 5
    assert desk.act(rules.ask, "mei") is None


def test_what_staff_say_is_no_question() -> None:
    desk = Desk().claimed()
    assert desk.act(rules.ask, "lin") is None


def test_who_claims_is_in_it_and_the_customer_sees_their_name() -> None:
    desk = Desk().asked()
    ruling = desk.act(rules.claim, "lin", person("lin"))
    assert told(ruling) == ["claimed"]
    assert desk.inside == {"mei", "lin"}
    assert desk.service.names == {"mei": "Mei", "lin": "Lin"}
    assert desk.conversation.the_room.count == 2
    assert desk.act(rules.claim, "lin", person("lin")) is None


def test_who_is_too_late_learns_who_has_it() -> None:
    desk = Desk().claimed()
    with pytest.raises(Taken) as refusal:
        desk.act(rules.claim, "ting", person("ting"))
    assert refusal.value.to_wire()["by"] == {"user": "lin", "name": "Lin"}


@pytest.mark.parametrize("by", ["mei", "zhou", "boss"])
def test_who_does_not_serve_in_the_shop_claims_nothing(by: str) -> None:
    assert Desk().asked().refuses(rules.claim, by, person(by)) is NotFound
    assert Desk().claimed().refuses(rules.claim, by, person(by)) is NotFound


def test_who_hands_over_is_out_of_it_and_the_other_in() -> None:
    desk = Desk().claimed()
    ruling = desk.act(rules.assign, "lin", person("ting"))
    assert told(ruling) == ["assigned"]
    assert ruling is not None
    assert ruling.went == ("lin",)
    assert desk.inside == {"mei", "ting"}
    assert desk.members["lin"].state == "released"
    assert desk.service.names == {"mei": "Mei", "ting": "Ting"}


def test_a_manager_may_also_take_it_and_give_it_back() -> None:
    desk = Desk().claimed()
    desk.act(rules.assign, "wang", person("wang"))
    assert desk.inside == {"mei", "wang"}
    desk.act(rules.release, "wang")
    assert (desk.inside, desk.service.waits) == ({"mei"}, True)
    assert desk.service.names == {"mei": "Mei"}


@pytest.mark.parametrize("to", ["mei", "zhou", "boss"])
def test_it_is_handed_to_colleagues_only(to: str) -> None:
    assert Desk().claimed().refuses(rules.assign, "lin", person(to)) is NotFound


ACTS: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (rules.assign, (person("ting"),)), (rules.release, ()), (rules.settle, ("resolved",)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "given"), ACTS)
def test_only_who_serves_it_and_managers_decide_about_it(rule: Any, given: Any) -> None:
    assert Desk().claimed().refuses(rule, "mei", *given) is Forbidden
    assert Desk().claimed().refuses(rule, "ting", *given) is NotFound
    assert Desk().asked().refuses(rule, "ting", *given) is Forbidden
    assert Desk().claimed().refuses(rule, "zhou", *given) is NotFound


def test_a_question_opens_what_was_settled_for_who_served_it() -> None:
    desk = Desk().claimed()
    assert told(desk.act(rules.settle, "lin", "resolved")) == ["resolved"]
    assert desk.act(rules.settle, "lin", "resolved") is None
    desk.now += 5
    ruling = desk.act(rules.ask, "mei")
    assert told(ruling) == []
    assert (desk.service.status, desk.service.assignee) == ("open", "lin")
    assert desk.service.since == NOW + 5


def test_managers_look_at_all_and_others_at_what_waits() -> None:
    waiting, served, elsewhere = Desk().asked(), Desk().claimed(), Desk().asked()
    room = structs.replace(elsewhere.conversation.the_room, shop=None)
    elsewhere.conversation = structs.replace(elsewhere.conversation, room=room)
    for desk, lookers in (
        (waiting, {"lin", "ting", "wang"}),
        (served, {"wang"}),
        (elsewhere, set()),
        (Desk(), {"wang"}),
    ):
        assert {u for u in ROLES if rules.may_look(person(u), desk.conversation)} == lookers


def test_notes_are_for_who_serves_it_too() -> None:
    desk = Desk().claimed()
    assert {u for u in ROLES if rules.may_note(person(u), desk.conversation)} == {"lin", "wang"}


def test_ids_are_the_same_for_ever_and_of_one_conversation_only() -> None:
    ids = {service_id("a", "b"), service_id("b", "a"), service_id("a", "c"), notes_id("a")}
    assert len(ids) == 4
    assert service_id("renmin", "mei") == service_id("renmin", "mei")
    assert service_id("renmin", "mei")[0] == "s"
    assert notes_id("s1")[0] == "n"
