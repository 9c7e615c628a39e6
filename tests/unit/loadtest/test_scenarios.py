"""A scenario's file is read whole, and whatever is wrong in it is named by file and key."""

from __future__ import annotations

import random

import pytest

from loadtest.__main__ import main
from loadtest.rehearsal import texts
from loadtest.rehearsal.cast import Cast
from loadtest.rehearsal.command import There, Wish, run
from loadtest.rehearsal.scenario import (
    BadScenario,
    Scenario,
    busier,
    compressed,
    load,
    over,
    parse,
    shipped,
)
from loadtest.swarm.failed import Failed

STAGE = '[[stages]]\nname = "all day"\nseconds = 60\n'


def scenario(text: str = "", clients: int = 100) -> Scenario:
    return parse(f'title = "t"\nclients = {clients}\n{text}\n{STAGE}', "t.toml")


def test_settings_of_the_servers_are_added_to_those_of_the_file() -> None:
    written = scenario('[setting]\nnodes = 2\nenvironment = { CHAT_A = "1", CHAT_B = "2" }')
    setting = over(written, push=True, settings=("CHAT_B=x=y", "CHAT_C=")).setting
    assert setting.environment == {"CHAT_A": "1", "CHAT_B": "x=y", "CHAT_C": ""}
    assert (setting.push, setting.nodes) == (True, 2)
    assert over(written, push=False, settings=()) == written


@pytest.mark.parametrize("given", ["HOME=/", "chat_a=1", "=", ""])
def test_what_is_no_setting_of_the_server_is_refused(given: str) -> None:
    with pytest.raises(BadScenario, match="CHAT_NAME=VALUE"):
        over(scenario(), push=False, settings=(given,))


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_one(name: str) -> None:
    assert load(name).seconds > 60


def test_there_is_a_scenario_for_each_kind_of_day() -> None:
    assert set(shipped()) >= {
        "flash_sale", "reconnect_storm", "community_peak", "consult_day", "soak",
        "rolling_deploy", "slow_phones",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "t.toml: Invalid value"),
        (STAGE, "t.toml: title: Field required"),
        (f'title = "t"\n{STAGE}asks = "many"', "stages[0].asks"),
        (f'title = "t"\n{STAGE}ask = 3', "stages[0].ask: there is no such key"),
        (f'title = "t"\n{STAGE}online = 2', "stages[0].online: online is a share"),
        (
            'title = "t"\n[habits]\n'
            'text = { kind = "lognormal", median = 1, sigma = 9, most = 2 }\n' + STAGE,
            "habits.text.sigma: ",
        ),
        (
            f'title = "t"\n[habits]\ntext = {{ kind = "uniform", least = 3, most = 2 }}\n{STAGE}',
            "habits.text: most must not be below least",
        ),
        (f'title = "t"\n{STAGE}faults = [{{ kind = "meteor" }}]', "stages[0].faults[0].kind: "),
        ('title = "t"', "stages: Field required"),
        (
            f'title = "t"\n{STAGE}faults = [{{ kind = "one_node_without_mongo" }}, '
            '{ kind = "primary_killed" }]',
            "one_node_without_mongo wants a primary that stays",
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(text: str, said: str) -> None:
    with pytest.raises(BadScenario) as caught:
        parse(text, "t.toml")
    assert str(caught.value).startswith("t.toml: ")
    assert said in str(caught.value)


def test_an_unknown_scenario_is_answered_with_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["run", "fire_sale"]) == 1
    assert "flash_sale" in capsys.readouterr().err


def test_a_compressed_scenario_keeps_its_rates_and_loses_time() -> None:
    whole = load("reconnect_storm")
    short = compressed(whole, 10)
    assert short.seconds == pytest.approx(whole.seconds / 10)
    assert short.stages[2].drops[0].at_s == whole.stages[2].drops[0].at_s / 10
    assert short.stages[1].asks == whole.stages[1].asks
    fault = compressed(load("slow_phones"), 10).stages[2].faults[0]
    assert (fault.at_s, fault.lasts_s) == (0.5, 2.0)


def test_a_busier_scenario_has_more_questions_in_the_same_time() -> None:
    whole = load("flash_sale")
    busy = busier(whole, 3)
    assert busy.seconds == whole.seconds
    assert busy.stages[2].asks.level(0.15) == pytest.approx(3 * whole.stages[2].asks.level(0.15))
    assert busy.stages[2].broadcast_every_s == whole.stages[2].broadcast_every_s


def test_faults_of_mongodb_need_three_members() -> None:
    fault = f'title = "t"\n{STAGE}faults = [{{ kind = "primary_killed" }}]'
    assert parse(fault, "t").mongo_members == 3
    assert scenario().mongo_members == 1


def test_servers_of_others_are_not_broken(tmp_path: object) -> None:
    there = There(("http://127.0.0.1:9",), "k" * 32)
    with pytest.raises(Failed, match="servers of its own"):
        run(Wish("rolling_deploy", out=tmp_path), there, None)  # type: ignore[arg-type]


def test_everybody_has_a_consultant_and_a_community() -> None:
    cast = Cast(scenario("[people]\nper_consultant = 30\ncommunity = 40\nchannel = true\n"), "run")
    assert len(cast.consultants) == 4
    assert [len(cast.customers_of(number)) for number in cast.consultants] == [30, 30, 30, 10]
    assert [len(members) for members in cast.communities] == [40, 40, 20]
    assert cast.rooms == ["channel", "0", "1", "2"]
    assert sorted(cast.queue) == list(cast.customers)
    rooms = {name: f"r-{name}" for name in cast.rooms}
    members = cast.members(rooms)
    assert len(members) == 100 + 4
    assert set(members["r-2"]) == {cast.staff, *(f"run-c{number}" for number in range(80, 100))}
    assert members[cast.direct(99)] == ("run-c99", "run-k3")


@pytest.mark.parametrize("kind", texts.KINDS)
@pytest.mark.parametrize("characters", [1, 14, 500])
def test_a_text_is_as_long_as_asked_for(kind: str, characters: int) -> None:
    made = texts.text(kind, characters, random.Random(3))
    assert len(made) == characters
