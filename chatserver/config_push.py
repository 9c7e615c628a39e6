"""The settings about when people are notified."""

from __future__ import annotations

from typing import Annotated

from chatserver.config_content import NotNegative, Positive, says
from chatserver.config_media import MediaSettings


class PushSettings(MediaSettings, frozen=True, kw_only=True):
    """What an operator can turn about notifications, beside media and messages."""

    push_hold_ms: Annotated[
        NotNegative,
        says(
            "while somebody has an app open at a desk alone, handhelds are notified of what is "
            "unread after this long, unless the person wants them at once"
        ),
    ] = 60_000
    push_gather_ms: Annotated[
        NotNegative, says("between two notifications of one conversation, unless critical")
    ] = 30_000
    push_lifetime_ms: Annotated[
        Positive, says("nobody is notified of messages older than this")
    ] = 86_400_000
