"""The id of two people's conversation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatserver.domain.conversation import Conversation, direct_id
from chatserver.errors import Invalid

people = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


@given(one=people, other=people)
def test_it_is_the_same_whoever_asks(one: str, other: str) -> None:
    if one != other:
        assert direct_id(one, other) == direct_id(other, one)


def test_it_is_the_same_for_ever() -> None:
    assert direct_id("lin", "mei") == "dcf59dfa67b8636871e56ecf6595b5a"
    assert direct_id("陈小美", "林顾问") == "da774ac728ff263fef4f715790852e8"


def test_names_that_join_to_the_same_text_are_other_people() -> None:
    assert direct_id("ab", "c") != direct_id("a", "bc")


@given(one=people, other=people, third=people)
def test_another_pair_has_another_conversation(one: str, other: str, third: str) -> None:
    if len({one, other, third}) == 3:
        assert len({direct_id(one, other), direct_id(one, third), direct_id(other, third)}) == 3


def test_nobody_talks_to_themselves() -> None:
    with pytest.raises(Invalid) as refusal:
        direct_id("mei", "mei")
    assert refusal.value.path == "with"


def test_the_others_are_all_but_one() -> None:
    talk = Conversation(id="d1", kind="direct", members=("lin", "mei"), created_at=1)
    assert talk.others("mei") == ("lin",)
