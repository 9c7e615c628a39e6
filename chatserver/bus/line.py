"""The bus on one lane: what is said and heard there, and by whom."""

from __future__ import annotations

from collections.abc import Callable

from chatserver.bus.lanes import Lane
from chatserver.bus.listening import Listener
from chatserver.bus.publishing import Publisher


class Line:
    """A publisher and a listener, and how topics and senders are written between them."""

    def __init__(self, lane: Lane, node: str, space: str, beat_s: float) -> None:
        """`node` is unlike that of any other node; nodes hear each other within one `space`."""
        self._prefix = f"{lane.prefix}{space}:"
        self._all = f"{lane.prefix}{space}!all"
        self._mine = _envelope(node)
        self._wanders = lane.wanders
        self.publisher = Publisher(lane, notice=(self._all, self._mine))
        self.listener = Listener(lane, (f"{lane.prefix}{space}!node:{node}", self._all), beat_s)
        self._on_message: Callable[[str, bytes], None] = lambda _topic, _payload: None
        self._on_loss: Callable[[], None] = lambda: None

    def listen(
        self,
        on_message: Callable[[str, bytes], None],
        on_loss: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        """Who gets what other nodes said, and who is told when some of it was lost.

        `on_change` is told whenever the listener's health has another value.
        """
        self._on_message = on_message
        self._on_loss = on_loss
        self.listener.listen(self._heard, self._back, on_change)

    def publish(self, topic: str, payload: bytes) -> None:
        """Tell the other nodes that listen to the topic."""
        self.publisher.put(self._prefix + topic, self._mine + payload)

    def subscribe(self, topic: str) -> None:
        """Hear this topic from soon on."""
        self.listener.subscribe(self._prefix + topic)

    def unsubscribe(self, topic: str) -> None:
        """No longer hear this topic."""
        self.listener.unsubscribe(self._prefix + topic)

    def _back(self) -> None:
        self._on_loss()
        if self._wanders:  # until then the others may have been with the new server already
            self.publisher.owe_notice()

    def _heard(self, channel: str, data: bytes) -> None:
        if data.startswith(self._mine):
            return
        if channel == self._all:
            self._on_loss()
        else:
            self._on_message(channel.removeprefix(self._prefix), data[1 + data[0] :])


def _envelope(node: str) -> bytes:
    name = node.encode()
    return bytes((len(name),)) + name
