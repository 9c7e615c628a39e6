"""How a call is made: sent by its name, answered, and the answer read as what it should be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

import msgspec

from chatclient.errors import ChatCallError
from chatclient.model import ConversationView

T = TypeVar("T")
NULL: Any = object()  # a field that is sent, and says that there is nothing


class _OneConversation(msgspec.Struct, frozen=True):
    conversation: ConversationView


class Asking(ABC):
    """Asks the server, over whatever `call` goes through."""

    @abstractmethod
    async def call(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Make a call by its name on the wire; fields that are None are left out."""

    @staticmethod
    def told(fields: dict[str, Any]) -> dict[str, Any]:
        """The fields as they go over the wire."""
        given = {name: value for name, value in fields.items() if value is not None}
        return {name: None if value is NULL else value for name, value in given.items()}

    async def ask(self, kind: type[T], name: str, /, **fields: Any) -> T:
        """Make a call and read its answer as `kind`.

        Raises:
            ChatCallError: the server refused it; code `protocol` if the answer has another shape.
            ChatTimeout: no answer came in time.
        """
        return read_answer(await self.call(name, **fields), kind)

    async def described(self, name: str, /, **fields: Any) -> ConversationView:
        """Make a call that is answered with a conversation: how it now is, as `on_described` hears.

        The device that asked gets no event about it.
        """
        view = (await self.ask(_OneConversation, name, **fields)).conversation
        self.on_described(view)
        return view

    @abstractmethod
    def on_described(self, view: ConversationView) -> None:
        """An answer described a conversation."""


def read_answer(answer: object, kind: type[T]) -> T:
    """An answer in its agreed shape.

    Raises:
        ChatCallError: it has another one.
    """
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError as error:
        raise ChatCallError("protocol", f"The answer was not understood: {error}") from None
