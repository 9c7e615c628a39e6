"""Ways to a person who does not read, one after the other, each for those the one before left."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from chatserver.domain.push.notification import MessageClass

Channel = Literal["push", "wechat", "sms"]
AFTER_MAX_S = 86_400


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to try, and how long (seconds) a message must lie unread before it is."""

    channel: Channel
    after_s: Annotated[int, Meta(ge=0, le=AFTER_MAX_S)]


Steps = Annotated[tuple[Step, ...], Meta(max_length=8)]


class Ladder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps for each class of messages, in their order; none at all: nobody is told."""

    chat: Steps = (Step(channel="push", after_s=5),)
    service: Steps = (Step(channel="push", after_s=5), Step(channel="wechat", after_s=600))
    critical: Steps = (
        Step(channel="push", after_s=0),
        Step(channel="wechat", after_s=120),
        Step(channel="sms", after_s=300),
    )
    marketing: Steps = (Step(channel="push", after_s=5),)

    def __post_init__(self) -> None:
        for kind in self.__struct_fields__:
            waits = [step.after_s for step in getattr(self, kind)]
            if waits != sorted(waits):
                raise ValueError(f"the steps of `{kind}` must wait longer one after the other")

    def steps(self, kind: MessageClass) -> tuple[Step, ...]:
        """The steps for messages of a class."""
        steps: tuple[Step, ...] = getattr(self, kind)
        return steps

    def has(self, channel: Channel) -> bool:
        """Whether any class is told by this way."""
        return any(
            step.channel == channel for kind in get_args(MessageClass) for step in self.steps(kind)
        )
