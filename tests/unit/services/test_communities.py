"""The rules file is read once, and whatever is wrong with it stops the start with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatserver.config import Settings, SettingsError
from chatserver.services.communities import load_rules

RULE = """
[[community]]
id = "shop"
by = ["shop"]
title = {zh = "本店会员群{no}"}
"""


def test_without_a_file_there_are_no_rules() -> None:
    assert load_rules(Settings()) == ()


def test_the_rules_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(RULE, encoding="utf-8")
    (rule,) = load_rules(Settings(communities_file=str(file)))
    assert (rule.id, rule.by, rule.cap) == ("shop", ("shop",), 500)


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "No such file"), (b"\xff", "decode"), (b"cap = 1", "something else"),
     (RULE.encode() + b"cap = 1", "rule 'shop': cap: ")],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "rules.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=rf"CHAT_COMMUNITIES_FILE=.*rules\.toml: .*{says}"):
        load_rules(Settings(communities_file=str(file)))
