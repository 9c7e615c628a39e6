"""Servers of tokens: one that knows the secret alone, and one with a key of each kind beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatserver.config import Settings
from chatserver.services.auth import Verifier
from tests.unit.services.tokens import ALGORITHMS, SECRET, SETTINGS, jwk, write_keys


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    file = tmp_path / "keys.json"
    write_keys(file, *(jwk(algorithm, algorithm) for algorithm in ALGORITHMS))
    return file


@pytest.fixture
def verifier(keys_file: Path) -> Verifier:
    return Verifier(Settings(jwt_key=SECRET, jwt_keys_file=str(keys_file)))


@pytest.fixture
def plain() -> Verifier:
    return Verifier(SETTINGS)
