"""The pages as they were built for this server."""

from __future__ import annotations

import re
from pathlib import Path

from chatserver.api.pages import BUILT

INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", re.IGNORECASE)
PACKED_ABOVE = 1000  # bytes
LOADER_MAX = 5 * 1024


def test_pages_have_nothing_inline_that_their_policy_would_forbid() -> None:
    pages = sorted(BUILT.rglob("*.html"))
    assert len(pages) == 5, "the pages are not built: run make setup"
    for page in pages:
        assert not INLINE.search(page.read_text("utf-8")), page.name


def test_scripts_and_styles_have_a_packed_form_beside_them() -> None:
    def is_packed(path: Path) -> bool:
        return path.with_name(path.name + ".gz").is_file()

    large = [
        path
        for path in BUILT.rglob("*")
        if path.suffix in (".js", ".css") and path.stat().st_size > PACKED_ABOVE
    ]
    assert large
    assert all(is_packed(path) for path in large)


def test_what_a_shop_loads_before_anybody_asks_for_the_chat_is_small() -> None:
    assert (BUILT / "widget.js.gz").stat().st_size < LOADER_MAX
