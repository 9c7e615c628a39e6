from __future__ import annotations

import pytest

from chatserver.domain.device import Cut
from chatserver.domain.person import Identity
from chatserver.domain.revocation import Revocation, Revoked


def bearer(user: str = "mei", token_id: str = "t1", issued_at: int = 1000) -> Identity:
    return Identity(
        user=user, role="customer", token_id=token_id, issued_at=issued_at, expires_at=9000
    )


def a_token(user: str = "mei", token_id: str = "t1", until: int = 9000) -> Revocation:
    return Revocation(user=user, token_id=token_id, until=until, reason="revoked")


def a_person(issued_by: int, until: int = 9000) -> Revocation:
    return Revocation(user="mei", issued_by=issued_by, until=until, reason="revoked")


@pytest.fixture
def revoked() -> Revoked:
    return Revoked()


def test_a_revoked_token_is_refused_and_others_are_not(revoked: Revoked) -> None:
    revoked.learn(a_token())
    assert revoked.refuses(bearer())
    assert not revoked.refuses(bearer(token_id="t2"))
    assert not revoked.refuses(bearer(user="lin"))


@pytest.mark.parametrize(("issued_at", "refused"), [(0, True), (1000, True), (1001, False)])
def test_a_revoked_person_needs_a_later_token(
    revoked: Revoked, issued_at: int, refused: bool
) -> None:
    revoked.learn(a_person(1000))
    assert revoked.refuses(bearer(issued_at=issued_at)) is refused


def test_a_token_of_the_same_second_is_refused(revoked: Revoked) -> None:
    revoked.learn(a_person(1999))
    assert revoked.refuses(bearer(issued_at=1000))
    assert not revoked.refuses(bearer(issued_at=2000))


def test_only_what_is_new_is_news(revoked: Revoked) -> None:
    heard = [a_token(), a_token(), a_person(5), a_person(5), a_person(4), a_person(6)]
    assert revoked.news(heard) == [a_token(), a_person(5), a_person(6)]


def test_an_older_revocation_of_a_person_takes_nothing_back(revoked: Revoked) -> None:
    revoked.news([a_person(2000, until=9000), a_person(1000, until=3000)])
    revoked.forget(8000)
    assert revoked.refuses(bearer(issued_at=2000))


def test_what_is_over_is_forgotten(revoked: Revoked) -> None:
    revoked.news([a_token(until=5000), a_person(1000, until=6000)])
    revoked.forget(5000)
    assert len(revoked) == 1
    revoked.forget(6000)
    assert len(revoked) == 0


def test_it_ends_the_connections_it_means() -> None:
    assert a_token().cut() == Cut(user="mei", token_id="t1", reason="revoked")
    assert a_person(7).cut() == Cut(user="mei", issued_by=7, reason="revoked")
