"""The push file: what it may say, and what it never tells."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from chatserver.__main__ import main
from chatserver.config import Settings, SettingsError
from chatserver.dev.folder import DataFolder
from chatserver.domain.push.ladder import Ladder, Step
from chatserver.domain.push.notification import PROVIDERS
from chatserver.providers.push.config import PushFile, Secret, parse, read
from chatserver.providers.push.encryption import public_key
from chatserver.providers.push.offer import Offer, offered
from chatserver.providers.push.registry import Providers

ROOT = Path(__file__).parents[4]
SECRET = "very-secret-indeed"
WEB = {"kind": "web", "key": {"env": "VAPID"}, "subject": "mailto:a@example.com"}


def refusal(content: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as refused:
        parse(content)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"providers": []}, "providers"),
        ({"provider": [WEB, {**WEB, "keys": SECRET}]}, "provider[1]"),
        ({"provider": [{**WEB, "key": SECRET}]}, "provider[0].key"),
        ({"provider": [{**WEB, "key": {"value": SECRET}}]}, "provider[0].key"),
        ({"provider": [{**WEB, "key": {"file": "a", "env": "b"}}]}, "provider[0].key"),
        ({"provider": [{**WEB, "subject": "a@example.com"}]}, "provider[0].subject"),
        ({"provider": [{"kind": "pigeon"}]}, "provider[0].kind"),
        ({"provider": [{"kind": "apns", "key": {"env": "A"}}]}, "provider[0]"),
        ({"provider": [{**WEB, "url": "https://user:pw@example.com"}]}, "provider[0].url"),
        ({"ladder": {"chat": [{"channel": "pigeon", "after_s": 1}]}}, "ladder.chat[0].channel"),
        ({"ladder": {"gossip": []}}, "ladder"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_and_no_value(
    content: dict[str, Any], place: str
) -> None:
    said = refusal(content)
    assert place in said
    assert SECRET not in said


def test_two_for_the_same_app_are_refused() -> None:
    assert "two of kind 'web'" in refusal({"provider": [WEB, WEB]})
    parse({"provider": [WEB, {**WEB, "app": "beta"}]})


def test_the_steps_of_a_ladder_must_rise() -> None:
    steps = [{"channel": "push", "after_s": 60}, {"channel": "sms", "after_s": 30}]
    assert "one after the other" in refusal({"ladder": {"service": steps}})


def test_without_a_ladder_everybody_is_pushed_and_urgent_things_go_further() -> None:
    ladder = PushFile().ladder
    assert ladder == Ladder()
    assert ladder.steps("chat") == (Step(channel="push", after_s=5),)
    assert [step.channel for step in ladder.steps("critical")] == ["push", "wechat", "sms"]


def test_a_secret_comes_from_a_file_or_the_environment_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{SECRET}\n")
    assert Secret(file=str(file)).read() == SECRET
    assert Secret(env="KEY").read({"KEY": SECRET}) == SECRET
    for missing in (Secret(file=str(tmp_path / "none")), Secret(env="KEY")):
        with pytest.raises(SettingsError):
            missing.read({})


def test_a_secret_that_cannot_be_used_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(SECRET)
    named = {"file": str(file)}
    for config in (
        {**WEB, "key": named},
        {"kind": "fcm", "service_account": named},
        {"kind": "apns", "key": named, "team": "T", "key_id": "K", "topic": "t"},
        {"kind": "webhook", "url": "https://example.com/x", "secret": named},
    ):
        with pytest.raises(SettingsError) as refused:
            Providers.of(parse({"provider": [config]}))
        assert SECRET not in str(refused.value)
        assert str(config["kind"]) in str(refused.value)


def test_no_file_means_no_providers_and_a_broken_one_is_named(tmp_path: Path) -> None:
    assert Providers.open(Settings()) is None
    broken = tmp_path / "push.toml"
    broken.write_text("[[provider")
    for path in (broken, tmp_path / "none.toml"):
        with pytest.raises(SettingsError, match=path.name):
            read(str(path))


def test_development_pushes_to_browsers_by_a_key_that_stays(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    path = folder.push_file()
    key = tmp_path / "vapid.pem"
    kept = key.read_text()
    assert folder.push_file() == path
    assert key.read_text() == kept
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    providers = Providers.open(Settings(push_file=str(path)))
    assert providers is not None
    assert providers.kinds == ("web",)
    offer = offered(Settings(push_file=str(path)))
    assert offer == Offer(("web",), public_key(kept))
    assert len(offer.web_key) == 87
    assert offered(Settings()) == Offer()


def test_nodes_need_no_secret_but_the_key_for_browsers(tmp_path: Path) -> None:
    file = DataFolder(tmp_path).push_file()
    more = '[[provider]]\nkind = "xiaomi"\npackage = "a"\nsecret = {env = "NOT_SET"}\n'
    file.write_text(file.read_text() + more)
    settings = Settings(push_file=str(file))
    assert offered(settings).kinds == ("web", "xiaomi")
    with pytest.raises(SettingsError, match="xiaomi: the environment variable NOT_SET"):
        Providers.open(settings)


def test_keys_are_made_once_and_for_this_user_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "vapid.pem"
    assert main(["push", "keys", str(file)]) == 0
    printed = capsys.readouterr().out
    assert len(printed.strip()) == 87
    assert file.read_text() not in printed
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert main(["push", "keys", str(file)]) == 2, "an old key is not written over"


def test_check_says_of_each_provider_whether_it_can_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = DataFolder(tmp_path).push_file()
    monkeypatch.setenv("CHAT_PUSH_FILE", str(file))
    assert main(["push", "check"]) == 0
    assert capsys.readouterr().out == "ok    web: secrets read\n"
    more = '[[provider]]\nkind = "webhook"\nurl = "https://a.example/x"\nsecret = {env = "NONE"}\n'
    file.write_text(file.read_text() + more)
    assert main(["push", "check"]) == 1
    assert "BAD   webhook: " in capsys.readouterr().out


def test_the_example_for_operators_is_one_and_shows_all_kinds() -> None:
    example = read(str(ROOT / "deploy" / "push.toml"))
    assert {each.kind for each in example.provider} == set(PROVIDERS)
    assert example.ladder == Ladder(), "the defaults it tells of are those"
    assert example.dry_run
