"""What `chatserver dev` gives its nodes, and what it tells a newcomer."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatserver.config import Settings, load
from chatserver.dev import demo, story
from chatserver.dev.command import _room_lines, communities
from chatserver.dev.folder import DataFolder
from chatserver.dev.node import node
from chatserver.domain.community_rules import parse_rules


def test_the_demo_brings_rules_for_its_communities() -> None:
    (given,) = communities(Settings()).values()
    rules = parse_rules(Path(given).read_text("utf-8"))
    assert {talk.rule for talk in story.load().communities} <= {rule.id for rule in rules}


@pytest.mark.parametrize("file", ["own.toml", ""])
def test_rules_from_the_environment_win_and_none_means_none(
    monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setenv("CHAT_COMMUNITIES_FILE", file)
    assert communities(load()) == {}


def test_rules_from_the_settings_file_win(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('communities_file = "own.toml"\n')
    assert communities(load({}, str(file))) == {}


def test_nodes_follow_the_rules_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(communities_file="own.toml")
    program = node(DataFolder(tmp_path), settings, 1, 8080)
    assert program.variables["CHAT_COMMUNITIES_FILE"] == "own.toml"


def test_nodes_let_in_people_of_the_demo_of_this_folder(tmp_path: Path) -> None:
    settings = Settings(demo_folder=str(tmp_path))
    program = node(DataFolder(tmp_path), settings, 1, 8080)
    assert program.variables["CHAT_DEMO_FOLDER"] == str(tmp_path)


def test_a_newcomer_is_told_of_every_room_and_who_is_in_it() -> None:
    rooms = demo.rooms(communities=True)
    assert len(rooms) == 2
    printed = _room_lines(rooms)
    for room in rooms:
        (line,) = [line for line in printed if room.about in line]
        assert line.endswith(", ".join(room.people))


def test_communities_of_rules_that_are_not_followed_are_not_promised() -> None:
    assert demo.rooms(communities=False) == story.load().groups
