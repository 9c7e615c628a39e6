"""A room on a table: acts are decided and take effect at once, without servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from chatserver.domain import room as rules
from chatserver.domain.conversation import Conversation, ConversationKind, Room, RoomSettings
from chatserver.domain.membership import Head, Membership
from chatserver.domain.person import Caller, Role
from chatserver.domain.scene import Ruling, Scene

NOW = 1_900_000_000_000
HOUR = 3_600_000
ID = "r1"
SHOP = "renmin"


def caller(user: str, role: Role = "customer", shop: str | None = SHOP) -> Caller:
    return Caller(user=user, role=role, device="phone", connection=f"k-{user}", shop=shop)


def conversation(kind: ConversationKind = "group", **fields: Any) -> Conversation:
    given: dict[str, Any] = {"title": "三月宝宝", "owner": "lin", "shop": SHOP, "capacity": 500}
    return Conversation(id=ID, kind=kind, created_at=NOW, room=Room(**{**given, **fields}))


class Table:
    """A room and everybody who ever had to do with it."""

    def __init__(
        self, kind: ConversationKind = "group", capacity: int = 500, **settings: Any
    ) -> None:
        """Lin of the shop has just begun it."""
        self.conversation = conversation(kind, capacity=capacity, settings=RoomSettings(**settings))
        self.members: dict[str, Membership] = {}
        self.now = NOW
        self.head = Head()
        self.roles: dict[str, Role] = {"lin": "consultant", "wu": "consultant"}
        self.shops: dict[str, str | None] = {}
        self.act(rules.begin, "lin")

    @property
    def room(self) -> Room:
        return self.conversation.the_room

    def scene(self, by: str) -> Scene:
        who = caller(by, self.roles.get(by, "customer"), self.shops.get(by, SHOP))
        return Scene(
            conversation=self.conversation,
            members=dict(self.members),
            caller=who,
            now=self.now,
            head=self.head,
        )

    def act(self, rule: Callable[..., Ruling | None], by: str, *given: Any) -> Ruling | None:
        """Have a rule decide, and let it be so; what it refuses changes nothing."""
        ruling = rule(self.scene(by), *given)
        if ruling is not None:
            self.conversation = structs.replace(self.conversation, room=ruling.room)
            self.members.update({member.user: member for member in ruling.members})
        return ruling

    def let_in(self, *users: str) -> Table:
        """People come in, by the hand of the owner."""
        self.act(rules.add, "lin", users)
        return self

    def promote(self, *users: str) -> Table:
        for user in users:
            self.act(rules.set_role, "lin", user, "admin")
        return self

    def state(self, user: str) -> str | None:
        return self.members[user].state if user in self.members else None

    def role(self, user: str) -> str:
        return self.members[user].role

    @property
    def inside(self) -> list[Membership]:
        return [member for member in self.members.values() if member.is_in]


def told(ruling: Ruling | None) -> list[str]:
    """What members are told, by type."""
    return [note.type for note in ruling.notes] if ruling else []
