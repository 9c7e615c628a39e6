"""What `/metrics` shows. Never labelled by person or conversation: labels must stay few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily

registry = CollectorRegistry(auto_describe=True)


class Tally:
    """A counter for what happens with every message, perhaps by one label.

    The library's own takes a lock each time, against threads that do not count here.
    """

    def __init__(self, name: str, documentation: str, label: str = "") -> None:
        self._describe = (name, documentation)
        self._labels = [label] if label else []
        self._counts: defaultdict[str, int] = defaultdict(int, {} if label else {"": 0})
        registry.register(self)

    def inc(self, amount: int = 1, of: str = "") -> None:
        """Count some more; `of` is the label's value."""
        self._counts[of] += amount

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The figures of this moment, for the registry."""
        family = CounterMetricFamily(*self._describe, labels=self._labels)
        for value, count in self._counts.items():
            family.add_metric([value] if self._labels else [], count)
        yield family


_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

connections = Gauge("chat_connections", "Authenticated connections", registry=registry)
unauthenticated = Gauge(
    "chat_unauthenticated_sockets", "Sockets waiting for authentication", registry=registry
)
connects = Tally("chat_connects", "Accepted connections")
refusals = Counter(
    "chat_refusals", "Calls and connections refused, by code", ["code"], registry=registry
)
calls = Tally("chat_calls", "Calls handled, by event", "event")
protocol_errors = Counter(
    "chat_protocol_errors", "Sockets closed because they broke the protocol", registry=registry
)
slow_closes = Counter("chat_slow_closes", "Sockets closed as too slow", registry=registry)
shed = Counter(
    "chat_frames_shed", "Typing and presence not sent to slow readers", registry=registry
)
deliveries = Tally("chat_deliveries", "Frames handed to connections")

appended = Counter("chat_messages_appended", "Messages stored", registry=registry)
append_retries = Counter(
    "chat_append_renumbered", "Messages that lost their number to another node", registry=registry
)
append_seconds = Histogram(
    "chat_append_seconds",
    "From submitted to stored, of the first message of each write",
    buckets=_SECONDS,
    registry=registry,
)
append_batch = Histogram(
    "chat_append_batch_messages",
    "Messages stored in one write",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
    registry=registry,
)
append_waiting = Gauge("chat_append_waiting", "Messages waiting to be stored", registry=registry)
bus_up = Gauge("chat_bus_up", "Whether the connection to Redis stands", registry=registry)
bus_dropped = Counter(
    "chat_bus_dropped", "Hints to other nodes that were not sent", registry=registry
)
loop_lag = Histogram(
    "chat_loop_lag_seconds", "How late the event loop runs", buckets=_SECONDS, registry=registry
)
pressure = Gauge(
    "chat_pressure", "Load of this node, smoothed; at 1 it begins to shed", registry=registry
)
overloaded = Gauge(
    "chat_overloaded", "Whether this node sheds typing and presence", registry=registry
)
spared = Counter(
    "chat_spared",
    "What was not told or not taken, by kind: typing and presence while overloaded (typing also of "
    "a crowd), read marks of one moment told as one, messages of rooms that yielded to direct ones",
    ["kind"],
    registry=registry,
)
followed = Counter(
    "chat_followed", "New and changed messages worked on, by follower", ["follower"],
    registry=registry,
)  # fmt: skip
follower_lag = Gauge(
    "chat_follower_lag_seconds",
    "How long ago the last of what this follower has done was stored",
    ["follower"],
    registry=registry,
)
follower_holds = Gauge(
    "chat_follower_holds", "Whether this process has a follower's post", ["follower"],
    registry=registry,
)  # fmt: skip
push_decided = Counter(
    "chat_push_decided",
    "Decisions whether to notify somebody, by what was decided and why",
    ["action", "why"],
    registry=registry,
)
pushed = Counter(
    "chat_pushed", "Notifications handed to providers, by provider and outcome",
    ["provider", "outcome"], registry=registry,
)  # fmt: skip
push_delay = Histogram(
    "chat_push_delay_seconds",
    "From stored to handed to a provider, of the first message of each notification",
    buckets=(1, 2, 5, 6, 8, 10, 20, 60, 120, 600, 3600, 43_200),
    registry=registry,
)
push_late = Histogram(
    "chat_push_late_seconds",
    "From when a notification was due to when it was handed to a provider: what it waited for us",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10, 20, 60, 120, 600, 3600),
    registry=registry,
)
push_due = Gauge("chat_push_due", "Bursts of messages that wait for a decision", registry=registry)
push_oldest = Gauge(
    "chat_push_oldest_seconds", "How long the oldest of these has been due", registry=registry
)

media_uploads = Counter(
    "chat_media_uploads", "Uploads that became media, by kind", ["kind"], registry=registry
)
media_bytes = Tally("chat_media_bytes", "Bytes of media received and sent", "way")
media_seconds = Histogram(
    "chat_media_seconds", "Time to look into an upload, by kind", ["kind"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30), registry=registry,
)  # fmt: skip
media_refusals = Counter(
    "chat_media_refused", "Uploads and readings of media refused, by code", ["code"],
    registry=registry,
)  # fmt: skip
media_swept = Counter(
    "chat_media_swept", "Media and unfinished uploads deleted, by what they were", ["what"],
    registry=registry,
)  # fmt: skip


def render() -> bytes:
    """All figures in Prometheus' text format."""
    return generate_latest(registry)
