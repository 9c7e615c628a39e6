"""Cards, filters and reports through the client, as the server's answers have them."""

from __future__ import annotations

import pytest

from chatclient.content import ContentCalls
from chatclient.model import ConversationView, Draft, Head, Ready, Sent
from chatclient.model import Person as PersonModel
from chatclient.state import State

pytestmark = pytest.mark.asyncio


class Asked(ContentCalls):
    """Answers as it is told, and keeps what was asked."""

    def __init__(self, **answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, object]]] = []

    async def call(self, name: str, /, **fields: object) -> dict[str, object]:
        self.asked.append((name, self.told(fields)))
        return dict(self.answer)

    def on_described(self, view: ConversationView) -> None:
        raise AssertionError(view)


async def test_a_report_is_resolved_as_it_was_looked_at() -> None:
    found = {
        "conversation": "r1", "seq": 3, "sender": "mei", "state": "open", "shop": None, "count": 1,
        "revision": 2, "first_at": 1, "last_at": 1, "complaints": [], "copies": [],
        "context": [], "resolutions": [],
    }  # fmt: skip
    listing = Asked(reports=[found], more=False, open=1)
    (report,) = (await listing.list_reports("r1")).reports
    assert listing.asked == [("report.list", {"conversation": "r1"})]
    await listing.list_reports(after=report)
    assert listing.asked[-1] == ("report.list", {"after": ["r1", 3]})
    resolving = Asked(report={**found, "state": "resolved"})
    assert (await resolving.resolve_report(report, "recall", note="x")).state == "resolved"
    assert resolving.asked == [
        (
            "report.resolve",
            {"conversation": "r1", "seq": 3, "revision": 2, "verdict": "recall", "note": "x"},
        )
    ]


async def test_filters_and_previews_are_read() -> None:
    rule = {"name": "ads", "action": "mask", "count": 1, "words": ["微信"]}
    assert (await Asked(rules=[rule], rev=3).get_filter(rule="ads")).rules[0].words == ("微信",)
    page = {"url": "https://a.example/", "host": "a.example", "title": "x"}
    assert (await Asked(preview=page).preview_link("https://a.example")).title == "x"


async def test_a_message_stands_as_it_was_stored_where_the_server_changed_it() -> None:
    state = State()
    state.on_ready(Ready(me=PersonModel(user="mei"), device="d", time=0))
    state.on_view(ConversationView(id="d1", kind="direct", created_at=0, head=Head(0, 0)))
    draft = Draft(conversation="d1", client_id="c", body={"text": "竞品"}, at=0)
    state.on_acked(draft, Sent(seq=1, at=1, body={"text": "**"}))
    last = state.conversations["d1"].last
    assert last is not None
    assert last.body == {"text": "**"}
