"""What moderators do about reported messages and those who sent them."""

from __future__ import annotations

from chatserver.domain.calls import BanMember, MuteMembers, RemoveMember, ResolveReport
from chatserver.domain.membership import FOREVER
from chatserver.domain.person import Caller
from chatserver.domain.report import Report, Resolution
from chatserver.services.complaints import Complaints
from chatserver.services.messages import Messages
from chatserver.services.rooms import Rooms


class Moderation:
    """Settles reports through the acts on messages and rooms that there are."""

    def __init__(self, complaints: Complaints, messages: Messages, rooms: Rooms) -> None:
        self._complaints = complaints
        self._messages = messages
        self._rooms = rooms

    async def resolve(self, caller: Caller, call: ResolveReport, now_ms: int) -> Report:
        """Do what was decided, and settle the report; the same again changes nothing.

        Raises:
            NotFound: there is no such report for the caller, or its sender is in the room no more.
            Forbidden: the caller may not do this to the sender, or in this room.
            Conflict: the report is not what it was when the caller looked at it.
            Unavailable: no answer in time; asking again is harmless.
        """
        report = await self._complaints.get(caller, call.conversation, call.seq)
        if _is_done(report, caller, call):
            return report
        if report.revision == call.revision:  # else it is refused below, and nothing done
            await self._act(caller, call, report.sender, now_ms)
        resolution = Resolution(verdict=call.verdict, by=caller.user, at=now_ms, note=call.note)
        return await self._complaints.settle(caller, report, call.revision, resolution)

    async def _act(self, caller: Caller, call: ResolveReport, sender: str, now_ms: int) -> None:
        room = call.conversation
        if call.verdict == "recall":
            await self._messages.take_back(caller, room, call.seq, now_ms)
        elif call.verdict == "mute":
            until = FOREVER if call.until is None else call.until
            muting = MuteMembers(conversation=room, user=sender, until=until)
            await self._rooms.mute(caller, muting, now_ms)
        elif call.verdict == "remove":
            await self._rooms.remove(caller, RemoveMember(conversation=room, user=sender), now_ms)
        elif call.verdict == "ban":
            banning = BanMember(conversation=room, user=sender, until=call.until)
            await self._rooms.ban(caller, banning, now_ms)


def _is_done(report: Report, caller: Caller, call: ResolveReport) -> bool:
    """Whether this very call settled it: its answer was lost."""
    if not report.resolutions or report.revision != call.revision + 1:
        return False
    last = report.resolutions[-1]
    return (last.by, last.verdict, last.note) == (caller.user, call.verdict, call.note)
