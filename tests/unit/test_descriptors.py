from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from chatserver import descriptors
from chatserver.config import Settings

OWN = descriptors.RESERVED + Settings().mongo_pool_size


@pytest.fixture(autouse=True)
def _limits() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_is_raised_as_far_as_it_may_be() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert descriptors.raise_limit() > 256
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == descriptors.raise_limit()


def test_where_unlimited_is_refused_the_limit_becomes_what_macos_grants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = [(256, resource.RLIM_INFINITY)]

    def grant(_kind: int, wanted: tuple[int, int]) -> None:
        if wanted[0] == resource.RLIM_INFINITY:
            raise ValueError("current limit exceeds maximum limit")
        limits.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", grant)
    assert descriptors.raise_limit() == descriptors.MACOS_GRANTS


def test_a_limit_that_was_raised_by_hand_is_not_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (61_440, resource.RLIM_INFINITY))

    def refuse(_kind: int, wanted: tuple[int, int]) -> None:
        assert wanted[0] == resource.RLIM_INFINITY
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert descriptors.raise_limit() == 61_440


def test_connections_are_as_many_as_set_where_the_limit_allows_them() -> None:
    settings = Settings(connections_max=100)
    assert descriptors.connections_max(settings) == 100
    assert descriptors.shortage(settings) is None


def test_a_low_limit_leaves_room_for_the_databases_and_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(descriptors, "raise_limit", lambda: 1024)
    settings = Settings(connections_max=5000)
    assert descriptors.connections_max(settings) == 1024 - OWN
    sentence = descriptors.shortage(settings)
    assert sentence
    for said in ("1024 files", f"at most {1024 - OWN}", f"LimitNOFILE={5000 + OWN}", "ulimit -n"):
        assert said in sentence


def test_the_limit_that_is_named_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descriptors, "raise_limit", lambda: 5000 + OWN)
    assert descriptors.shortage(Settings(connections_max=5000)) is None


def test_at_the_start_a_shortage_is_logged_once() -> None:
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 512));"
        "from chatserver import descriptors, logs; from chatserver.config import Settings;"
        "settings = Settings(log_format='json'); logs.setup(settings);"
        "descriptors.prepare(settings); print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "512\n"
    assert done.stderr.count("\n") == 1
    assert f"at most {512 - OWN} connections" in done.stderr
