"""The settings about what messages may hold and for how long they may be changed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]


def says(description: str) -> Meta:
    """What a setting means, for whoever turns it."""
    return Meta(description=description)


class ContentSettings(Struct, frozen=True, kw_only=True):
    """What an operator can turn about messages themselves."""

    text_bytes: Annotated[
        int,
        Meta(ge=1, le=262_144),
        says("longest text of a message, in UTF-8; 256 KiB at most"),
    ] = 8192
    forward_bytes: Annotated[Positive, says("longest card of forwarded messages, as JSON")] = 32_768
    card_bytes: Annotated[
        Positive, says("longest card or custom body, as JSON; links and places have less")
    ] = 16_384
    picture_hosts: Annotated[
        tuple[str, ...],
        says(
            "hosts from which pictures in cards may come, comma-separated, `.shop.example` for all "
            "below it: pages then load pictures from these alone, avatars too; without any, cards "
            "may name pictures of any host and pages show none of them"
        ),
    ] = ()
    link_previews: Annotated[
        bool, says("fetch the pages of links that people send, to show what they say of themselves")
    ] = False
    link_previews_per_s: Annotated[
        Positive, says("pages that one person may have fetched, bursts of 3 times")
    ] = 1
    filter_file: Annotated[
        str, says("TOML file with the word filter of the whole site, besides those of shops")
    ] = ""
    reports_per_s: Annotated[
        Positive, says("messages that one person may report, bursts of 3 times")
    ] = 1
    edit_window_ms: Annotated[Positive, says("own text may be edited this long")] = 86_400_000
    card_edit_window_ms: Annotated[
        Positive, says("own cards may be edited this long, as an order goes its way")
    ] = 2_592_000_000
    edits_max: Annotated[Positive, says("how often a message may be edited")] = 10
    recall_window_ms: Annotated[Positive, says("own messages may be recalled this long")] = 120_000
    staff_recall_window_ms: Annotated[Positive, says("the same for staff")] = 86_400_000
