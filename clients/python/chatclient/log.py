"""The part of one conversation's log that this device holds: a range without holes.

Messages carry `mod`, the last change applied to them; the log carries `mod`, the last change of
the conversation it has passed. What arrives beyond a gap waits until the gap is closed. A change
whose message is not here yet waits for the message, because a page that was asked for before the
change may arrive after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chatclient.model import Change, Head, Message, Prefs, apply, deleted


class Log:
    """Messages `first` to `last`, and changes up to `mod`; nothing is held while `first > last`."""

    def __init__(self, last: int = 0, mod: int = 0, my: Prefs | None = None) -> None:
        """An empty range that ends at `last`: the next message is `last + 1`. What I deleted for
        myself (`my`) is held without its content."""
        self.first = last + 1
        self.last = last
        self.mod = mod
        self._my = my or Prefs()
        self._held: dict[int, Message] = {}
        self._ahead: dict[int, Message] = {}
        self._ahead_changes: dict[int, Change] = {}
        self._unplaced: list[Change] = []

    def __iter__(self) -> Iterator[Message]:
        """Every message held, ascending."""
        return self.after(self.first - 1)

    def __len__(self) -> int:
        """How many messages are held."""
        return len(self._held)

    def get(self, seq: int) -> Message | None:
        """Message `seq`, if it is held."""
        return self._held.get(seq)

    def after(self, seq: int) -> Iterator[Message]:
        """The held messages above `seq`, ascending."""
        numbers = range(max(seq + 1, self.first), self.last + 1)
        return (self._held[number] for number in numbers if number in self._held)

    def newest_first(self) -> Iterator[Message]:
        """The held messages from the end."""
        numbers = range(self.last, self.first - 1, -1)
        return (self._held[number] for number in numbers if number in self._held)

    def append(self, message: Message) -> list[Message]:
        """Take a message as it happened; returns those that now stand at the end, in order."""
        if message.seq <= self.last:
            return []
        self._ahead[message.seq] = self.shown(message)
        return self._drain()

    def advance(self, change: Change) -> list[tuple[Message, Change]]:
        """Take a change; returns what it, and those that waited for it, made of held messages."""
        if change.mod > self.mod:
            self._ahead_changes[change.mod] = change
        done = []
        while (following := self._ahead_changes.pop(self.mod + 1, None)) is not None:
            self.mod += 1
            if (changed := self._apply(following)) is not None:
                done.append((changed, following))
        return done

    def fill(self, page: Sequence[Message], low: int, high: int) -> list[Message]:
        """Take a page that is all there is from `low` to `high`; returns what is new at the end."""
        for message in page:
            self._put(message)
        if low > self.last + 1 or high < self.first - 1:
            return self._drain()
        before = self.last
        self.first = min(self.first, low)
        self.last = max(self.last, high)
        self._take_ahead()
        self._drain()
        return list(self.after(before))

    def pass_changes(self, changes: Sequence[Change], high: int) -> list[tuple[Message, Change]]:
        """Take a page that is all changes after `self.mod` up to `high`."""
        done = []
        for change in changes:
            if change.mod > self.mod:
                self.mod = change.mod - 1
                done += self.advance(change)
        self.mod = max(self.mod, high)
        return done + self._drain_changes()

    def forget_unplaced(self) -> None:
        """No older page is on its way: changes below the range will come with their messages."""
        self._unplaced = [change for change in self._unplaced if change.seq > self.last]

    def forget_below(self, first: int) -> bool:
        """There is nothing below `first` for me any more; whether something was held there."""
        gone = range(self.first, min(first, self.last + 1))
        for seq in gone:
            self._held.pop(seq, None)
        self.first = max(self.first, min(first, self.last + 1))
        return len(gone) > 0

    def forget_ahead(self, end: Head) -> None:
        """There is nothing above `end` for me: what waits for its gap to close comes to nothing."""
        self._ahead = {seq: m for seq, m in self._ahead.items() if seq <= end.seq}
        self._ahead_changes = {n: c for n, c in self._ahead_changes.items() if n <= end.mod}

    def hide(self, my: Prefs) -> bool:
        """I deleted messages for myself; whether that changes any that is held."""
        if (my.cleared, my.hidden) == (self._my.cleared, self._my.hidden):
            return False
        self._my = my
        changed = False
        for messages in (self._held, self._ahead):
            for seq, message in messages.items():
                messages[seq] = self.shown(message)
                changed = changed or messages[seq] is not message
        return changed

    def shown(self, message: Message) -> Message:
        """The message as I see it."""
        if not self._my.deleted(message.seq):
            return message
        blank = deleted(message)
        return message if blank == message else blank

    def _put(self, message: Message) -> None:
        held = self._held.get(message.seq) or self._ahead.get(message.seq)
        if held is not None and held.mod >= message.mod:
            return
        for change in self._unplaced:
            if change.seq == message.seq:
                message = apply(message, change)
        inside = self.first <= message.seq <= self.last
        (self._held if inside else self._ahead)[message.seq] = self.shown(message)

    def _drain(self) -> list[Message]:
        added = []
        while (message := self._ahead.pop(self.last + 1, None)) is not None:
            self.last += 1
            self._held[self.last] = self._with_unplaced(message)
            added.append(self._held[self.last])
        return added

    def _drain_changes(self) -> list[tuple[Message, Change]]:
        following = self._ahead_changes.get(self.mod + 1)
        return [] if following is None else self.advance(following)

    def _take_ahead(self) -> None:
        for seq in [seq for seq in self._ahead if self.first <= seq <= self.last]:
            self._held[seq] = self._with_unplaced(self._ahead.pop(seq))

    def _with_unplaced(self, message: Message) -> Message:
        for change in self._unplaced:
            if change.seq == message.seq:
                message = apply(message, change)
        self._unplaced = [change for change in self._unplaced if change.seq != message.seq]
        return self.shown(message)

    def _apply(self, change: Change) -> Message | None:
        if change.type == "void":
            return None
        held = self._held.get(change.seq)
        if held is None:
            self._unplaced.append(change)
            return None
        changed = apply(held, change)
        if changed is held:
            return None
        self._held[change.seq] = self.shown(changed)
        return self._held[change.seq]
