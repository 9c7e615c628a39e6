"""Profiles: who sees and changes what, consent first, and nothing to be read where it is stored."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from bson import encode
from pymongo import MongoClient
from structlog.testing import capture_logs

from chatserver.clock import now_ms
from chatserver.domain.person import Person
from chatserver.domain.profile import age_months, day_of
from chatserver.errors import ChatError, NotFound
from chatserver.store.users import Users

pytestmark = pytest.mark.asyncio

KEYS = (f"main:{base64.b64encode(b'k' * 32).decode()}",)
BORN = day_of(now_ms()) - timedelta(days=200)
AGE = age_months(BORN, day_of(now_ms()))
SHOP = "s1"
AGREED = {"purpose": "child_birth_date", "version": "2026-11"}
CHILD = {"children": {"a": BORN.isoformat()}}
NOTE = {"note": "signed at the counter"}

Start = Callable[..., Awaitable[Any]]


@pytest_asyncio.fixture
async def node(start_node: Start) -> Any:
    return await start_node(data_keys=KEYS, profile_changes_per_s=1000)


@pytest_asyncio.fixture
async def mei(node: Any) -> Any:
    return await node.arrive("mei", shop=SHOP)


@pytest_asyncio.fixture
async def lin(node: Any) -> Any:
    return await node.arrive("lin", role="consultant", shop=SHOP)


@pytest.fixture
def stored(mongo_url: str, empty_database: str) -> Iterator[Callable[[], bytes]]:
    """Every document of the test's database, as bytes."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        database = client[empty_database]

        def stored() -> bytes:
            names = database.list_collection_names()
            return b"".join(encode(each) for name in names for each in database[name].find())

        yield stored


async def profile(device: Any, name: str = "profile.get", **fields: Any) -> Any:
    return (await device.call(name, fields))["profile"]


async def refusal(device: Any, name: str, **fields: Any) -> dict[str, Any]:
    with pytest.raises(ChatError) as refused:
        await device.call(name, fields)
    return refused.value.to_wire()


async def agree(device: Any, **fields: Any) -> Any:
    return await profile(device, "consent.give", **AGREED, **fields)


async def test_whoever_said_nothing_has_an_empty_profile(mei: Any) -> None:
    empty = {"user": "mei", "rev": 0, "attributes": {}, "children": {}, "consents": {}}
    assert await profile(mei) == empty
    assert await profile(mei, user="mei") == empty


async def test_attributes_are_set_and_taken_away_by_key(mei: Any) -> None:
    await profile(mei, "profile.update", attributes={"skin_type": "干性", "size": "M"})
    after = await profile(mei, "profile.update", attributes={"size": None, "hair": "长发"})
    assert after["attributes"] == {"skin_type": "干性", "hair": "长发"}
    assert await profile(mei) == after
    assert after["rev"] == 2


async def test_an_update_that_changes_nothing_tells_nobody(node: Any, mei: Any) -> None:
    tablet = await node.arrive("mei", "tablet", shop=SHOP)
    for attributes in ({"a": "1"}, {"a": "1"}, {"b": None}, {}):
        assert (await profile(mei, "profile.update", attributes=attributes))["rev"] == 1
    assert tablet.told("profile") == [{"rev": 1}]


async def test_a_birth_date_needs_consent(mei: Any, stored: Callable[[], bytes]) -> None:
    before = stored()
    answer = await refusal(mei, "profile.update", **CHILD)
    assert (answer["code"], answer["path"]) == ("forbidden", "children")
    assert stored() == before
    await agree(mei)
    told = await profile(mei, "profile.update", **CHILD)
    assert told["children"] == {"a": {"age_months": AGE, "birth_date": BORN.isoformat()}}
    assert told["consents"]["child_birth_date"]["version"] == "2026-11"


async def test_others_see_an_age_and_never_the_date(mei: Any, lin: Any) -> None:
    await agree(mei)
    await profile(mei, "profile.update", **CHILD)
    seen = await profile(lin, user="mei")
    assert seen["children"] == {"a": {"age_months": AGE}}
    assert BORN.isoformat() not in str(seen)
    assert BORN.isoformat() not in str(lin.frames)


async def test_staff_set_a_date_on_behalf_of_a_customer_and_then_see_the_age(
    node: Any, mei: Any, lin: Any
) -> None:
    assert (await refusal(lin, "consent.give", user="mei", **AGREED))["path"] == "note"
    assert (await refusal(lin, "profile.update", user="mei", **CHILD))["code"] == "forbidden"
    await agree(lin, user="mei", **NOTE)
    seen = await profile(lin, "profile.update", user="mei", **CHILD)
    assert seen["children"] == {"a": {"age_months": AGE}}
    assert (await profile(mei))["children"]["a"]["birth_date"] == BORN.isoformat()
    (entry,) = await node.kept.profiles.consents("mei")
    assert (entry.by, entry.note, entry.version) == ("lin", NOTE["note"], "2026-11")
    assert mei.told("profile") == [{"rev": 1}, {"rev": 2}]
    assert lin.told("profile") == []


async def test_withdrawing_consent_deletes_the_sealed_value(
    node: Any, mei: Any, stored: Callable[[], bytes]
) -> None:
    await agree(mei)
    await profile(mei, "profile.update", **CHILD, attributes={"size": "M"})
    (sealed,) = (await node.kept.profiles.get("mei")).children.values()
    assert sealed in stored()
    after = await profile(mei, "consent.withdraw", purpose="child_birth_date")
    assert (after["children"], after["consents"]) == ({}, {})
    assert after["attributes"] == {"size": "M"}
    assert sealed not in stored()
    assert (await refusal(mei, "profile.update", **CHILD))["code"] == "forbidden"
    assert (await agree(mei))["children"] == {}


async def test_the_record_of_consents_only_grows(node: Any, mei: Any, lin: Any) -> None:
    await agree(mei)
    await agree(mei)  # a retry
    await profile(mei, "consent.give", purpose="child_birth_date", version="2026-12")
    await profile(lin, "consent.withdraw", purpose="child_birth_date", user="mei", **NOTE)
    await profile(mei, "consent.withdraw", purpose="child_birth_date")
    entries = await node.kept.profiles.consents("mei")
    assert [(entry.number, entry.version, entry.by) for entry in entries] == [
        (1, "2026-11", "mei"), (2, "2026-12", "mei"), (3, None, "lin"),
    ]  # fmt: skip
    assert all(entry.at > 0 and entry.purpose == "child_birth_date" for entry in entries)
    assert await node.kept.profiles.consents("lin") == []


CALLS = {
    "profile.get": {}, "profile.update": {}, "consent.give": AGREED, "consent.withdraw": AGREED,
}  # fmt: skip


@pytest.mark.parametrize(
    ("role", "shop", "whose"),
    [
        ("customer", SHOP, "mei"), ("bot", SHOP, "mei"), ("consultant", "s2", "mei"),
        ("manager", None, "mei"), ("consultant", SHOP, "colleague"), ("admin", SHOP, "homeless"),
        ("manager", None, "homeless"),
    ],
)  # fmt: skip
async def test_absent_and_forbidden_answer_alike(
    node: Any, mei: Any, role: Any, shop: str | None, whose: str
) -> None:
    await node.arrive("colleague", role="consultant", shop=SHOP)
    await node.arrive("homeless")
    eve = await node.arrive("eve", role=role, shop=shop)
    for name, fields in CALLS.items():
        given = {**fields, **NOTE}
        answers = [await refusal(eve, name, user=user, **given) for user in (whose, "nobody")]
        assert answers[0] == answers[1] == NotFound().to_wire(), name
    assert mei.told("profile") == []
    assert (await profile(mei))["rev"] == 0


@pytest.mark.parametrize("role", ["consultant", "manager", "admin"])
async def test_staff_of_the_shop_see_its_customers(node: Any, mei: Any, role: Any) -> None:
    staff = await node.arrive("staff", role=role, shop=SHOP)
    await profile(staff, "profile.update", user="mei", attributes={"size": "M"})
    assert (await profile(staff, user="mei"))["attributes"] == {"size": "M"}
    assert (await profile(mei))["attributes"] == {"size": "M"}


async def test_other_devices_on_other_nodes_hear_of_a_change_but_not_what(
    start_node: Start, node: Any, mei: Any, lin: Any
) -> None:
    other = await start_node(data_keys=KEYS)
    tablet = await other.arrive("mei", "tablet", shop=SHOP)
    await agree(mei)
    after = await profile(mei, "profile.update", **CHILD)
    assert tablet.told("profile") == [{"rev": 1}, {"rev": 2}]
    assert mei.told("profile") == lin.told("profile") == []
    assert await profile(tablet) == after


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"children": {"a": "2026-02-30"}}, "children"),
    ({"children": {"a": "31.8.2026"}}, "children"),
    ({"children": {"a": (BORN + timedelta(days=300)).isoformat()}}, "children.a"),
    ({"children": {"a": "1990-01-01"}}, "children.a"),
    ({"children": {"$a": "2026-01-01"}}, "children"),
    ({"children": {"a.b": None}}, "children"),
    ({"children": {f"c{n}": "2026-01-01" for n in range(6)}}, "children"),
    ({"attributes": {"$where": "x"}}, "attributes"),
    ({"attributes": {"a.b": "x"}}, "attributes"),
    ({"attributes": {"Big": "x"}}, "attributes"),
    ({"attributes": {"a": "x" * 101}}, "attributes"),
    ({"attributes": {"a": ""}}, "attributes"),
    ({"attributes": {"a": 1}}, "attributes"),
    ({"attributes": {f"a{n}": "x" for n in range(21)}}, "attributes"),
]


async def test_what_is_no_profile_is_refused_by_path(mei: Any) -> None:
    await agree(mei)
    for fields, path in WRONG:
        answer = await refusal(mei, "profile.update", **fields)
        assert answer["code"] == "invalid"
        assert answer["path"].startswith(path), fields
        assert "RFC" not in answer["message"]
    assert (await profile(mei))["rev"] == 1


async def test_a_profile_holds_so_much_and_no_more(mei: Any) -> None:
    await agree(mei)
    first = {f"a{n}": "x" for n in range(20)}
    children = {f"c{n}": BORN.isoformat() for n in range(5)}
    await profile(mei, "profile.update", attributes=first, children=children)
    assert (await refusal(mei, "profile.update", attributes={"b": "x"}))["path"] == "attributes"
    more = {"children": {"c9": BORN.isoformat()}}
    assert (await refusal(mei, "profile.update", **more))["path"] == "children"
    swapped = {"c0": None, "c9": BORN.isoformat()}
    assert len((await profile(mei, "profile.update", children=swapped))["children"]) == 5


async def test_changes_at_once_all_count(mei: Any, lin: Any) -> None:
    await agree(mei)
    await asyncio.gather(
        *(profile(mei, "profile.update", attributes={f"a{n}": "x"}) for n in range(5)),
        *(profile(lin, "profile.update", user="mei", attributes={f"b{n}": "x"}) for n in range(5)),
        profile(mei, "profile.update", **CHILD),
    )
    after = await profile(mei)
    assert (len(after["attributes"]), len(after["children"]), after["rev"]) == (10, 1, 12)


async def test_a_date_that_meets_a_withdrawal_is_not_stored(
    node: Any, mei: Any, stored: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    seal, sealed = node.kept.vault.seal, []

    async def seal_and_withdraw(texts: Any) -> Any:
        values = await seal(texts)
        sealed.extend(values.values())
        await profile(mei, "consent.withdraw", purpose="child_birth_date")
        return values

    monkeypatch.setattr(node.kept.vault, "seal", seal_and_withdraw)
    await agree(mei)
    assert (await refusal(mei, "profile.update", **CHILD))["code"] == "forbidden"
    assert len(sealed) == 1
    assert sealed[0] not in stored()


async def test_changes_have_a_rate(start_node: Start) -> None:
    node = await start_node(data_keys=KEYS)
    mei = await node.arrive("mei")
    for _ in range(3):
        await profile(mei, "profile.update")
    for name in ("profile.update", "consent.give", "consent.withdraw"):
        answer = await refusal(mei, name, **(AGREED if name != "profile.update" else {}))
        assert answer["code"] == "rate_limited"
        assert answer["retry_after_ms"] > 0


async def test_without_keys_all_but_birth_dates_works(start_node: Start) -> None:
    node = await start_node(profile_changes_per_s=1000)
    mei = await node.arrive("mei")
    await agree(mei)
    assert (await refusal(mei, "profile.update", **CHILD))["code"] == "unsupported"
    assert (await profile(mei, "profile.update", attributes={"a": "x"}))["children"] == {}


async def test_what_was_erased_is_gone_without_a_trace_of_an_error(node: Any, mei: Any) -> None:
    await agree(mei)
    await profile(mei, "profile.update", **CHILD)
    await node.kept.vault.forget("mei")
    assert (await profile(mei))["children"] == {}
    after = await profile(mei, "profile.update", children={"b": BORN.isoformat()})
    assert list(after["children"]) == ["b"]


async def test_a_birth_date_is_neither_in_the_database_nor_logged_nor_published(
    node: Any, mei: Any, lin: Any, stored: Callable[[], bytes]
) -> None:
    published: list[bytes] = []
    publish = node.bus.publish
    node.bus.publish = lambda topic, payload: (published.append(payload), publish(topic, payload))
    with capture_logs() as logs:
        await agree(mei)
        await profile(mei, "profile.update", **CHILD)
        await profile(lin, user="mei")
        later = {"a": (BORN + timedelta(days=400)).isoformat(), "b": BORN.isoformat()}
        said = await refusal(mei, "profile.update", children=later)
    assert len(published) == 2
    for canary in (BORN.isoformat(), f"{BORN:%Y%m%d}", f"{BORN:%Y-%m}", later["a"]):
        assert canary.encode() not in stored()
        assert canary.encode() not in b"".join(published)
        assert canary not in str(logs)
        assert canary not in str(said)


async def test_traits_are_those_of_the_profile_with_dates_only_under_consent(
    node: Any, mei: Any
) -> None:
    await node.arrive("wang")
    await agree(mei)
    await profile(mei, "profile.update", **CHILD, attributes={"size": "M"})
    users: Users = node.kept.users
    people = (await users.people(("mei", "wang"))).values()
    traits = await node.services.profiles.traits(people)
    assert traits["mei"].birth_dates == (BORN,)
    assert (traits["mei"].shop, traits["mei"].attributes) == (SHOP, {"size": "M"})
    assert (traits["wang"].birth_dates, traits["wang"].shop) == ((), None)
    await profile(mei, "consent.withdraw", purpose="child_birth_date")
    person = Person(user="mei", name="", role="customer")
    assert (await node.services.profiles.traits([person]))["mei"].birth_dates == ()
