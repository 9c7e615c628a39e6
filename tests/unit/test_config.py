from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from chatserver.config import Settings, SettingsError, describe, load


def test_without_anything_all_is_default() -> None:
    assert load({}) == Settings()


def test_the_environment_is_read_by_name() -> None:
    settings = load({"CHAT_PORT": "9000", "CHAT_LOG_LEVEL": "debug", "PORT": "1"})
    assert (settings.port, settings.log_level) == (9000, "debug")


def test_a_list_is_separated_by_commas() -> None:
    settings = load({"CHAT_PUBLIC_ORIGINS": " https://a.example, https://b.example ,"})
    assert settings.public_origins == ("https://a.example", "https://b.example")
    assert load({"CHAT_PUBLIC_ORIGINS": ""}).public_origins == ()


def test_the_file_is_below_the_environment_and_the_command_line_above(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text('port = 1\nhost = "file"\nedits_max = 7\npublic_origins = ["https://a"]\n')
    environ = {"CHAT_CONFIG": str(file), "CHAT_PORT": "2", "CHAT_HOST": "environment"}
    settings = load(environ, port=3, host=None)
    assert (settings.port, settings.host, settings.edits_max) == (3, "environment", 7)
    assert settings.public_origins == ("https://a",)


def test_a_named_file_wins_over_the_one_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text("port = 1\n")
    assert load({"CHAT_CONFIG": "/nowhere"}, str(file)).port == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHAT_PORT", "65536"), ("CHAT_PORT", "-1"), ("CHAT_PORT", "http"), ("CHAT_PORT", ""),
        ("CHAT_DRAIN_MS", "0"), ("CHAT_EDITS_MAX", "1.5"), ("CHAT_LOG_LEVEL", "loud"),
        ("CHAT_MONGO_DRIVER", "mongoose"), ("CHAT_JWT_LEEWAY_MS", "-1"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({name: value})


def test_metrics_of_all_processes_must_find_a_port() -> None:
    enough = {"CHAT_METRICS_PORT": "65534", "CHAT_PROCESSES": "2"}
    assert load(enough).metrics_port == 65534
    with pytest.raises(SettingsError, match=r"CHAT_METRICS_PORT=65534: 3 processes"):
        load({**enough, "CHAT_PROCESSES": "3"})


@pytest.mark.parametrize(
    "origin", ["https://shop.example", "http://localhost:8080", "capacitor://localhost", "*"]
)
def test_an_origin_has_a_scheme_a_host_and_perhaps_a_port(origin: str) -> None:
    assert load({"CHAT_PUBLIC_ORIGINS": origin}).public_origins == (origin,)


@pytest.mark.parametrize(
    "other", ["shop.example", "https://shop.example/", "https://a;script-src", "https://a b", "**"]
)
def test_what_no_browser_would_call_an_origin_is_refused(other: str) -> None:
    with pytest.raises(SettingsError, match=r"CHAT_PUBLIC_ORIGINS=.*no origin"):
        load({"CHAT_PUBLIC_ORIGINS": other})


@pytest.mark.parametrize("host", ["img.example", ".cdn.example", "xn--fsqu00a.example"])
def test_hosts_of_pictures_are_names(host: str) -> None:
    assert load({"CHAT_PICTURE_HOSTS": host}).picture_hosts == (host,)


@pytest.mark.parametrize(
    "other",
    ["https://img.example", "img", "*.img.example", "img.example;x", "img.example/", "a b.c"],
)
def test_what_is_no_name_of_a_host_is_refused(other: str) -> None:
    with pytest.raises(SettingsError, match=r"CHAT_PICTURE_HOSTS=.*no host"):
        load({"CHAT_PICTURE_HOSTS": other})


@pytest.mark.parametrize("value", ["1", "true"])
def test_a_switch_is_turned_on_by_a_word_or_a_number(value: str) -> None:
    assert load({"CHAT_REUSE_PORT": value}).reuse_port


def test_an_unknown_name_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsError, match="prot"):
        load({}, str(file))


@pytest.mark.parametrize("content", ["port =", "\xff"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError, match=r"chat\.toml"):
        load({}, str(file))


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(SettingsError, match="cannot read"):
        load({}, "/nowhere/chat.toml")


def test_a_wrong_value_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "chat.toml"
    file.write_text("public_origins = [1]\n")
    with pytest.raises(SettingsError, match="CHAT_PUBLIC_ORIGINS"):
        load({}, str(file))


@pytest.mark.parametrize("line", ["jwt_key = ['canary']", "data_keys = ['canary', 1]"])
def test_secrets_are_not_in_messages(tmp_path: Path, line: str) -> None:
    file = tmp_path / "chat.toml"
    file.write_text(line)
    with pytest.raises(SettingsError) as error:
        load({}, str(file))
    assert "canary" not in str(error.value)


SECRETIVE = Settings(
    jwt_key="canary",
    data_keys=("main://canary", "old:canary"),
    mongo_url="mongodb://user:canary@a.example,b.example/?replicaSet=rs0",
    redis_url="redis://:canary@c.example:6379/0",
)


def test_secrets_are_masked() -> None:
    assert "canary" not in repr(SECRETIVE)
    shown = {row.name: row.shown for row in describe(SECRETIVE)}
    assert shown["jwt_key"] == shown["data_keys"] == "********"
    assert shown["mongo_url"] == "mongodb://***@a.example,b.example/?replicaSet=rs0"
    assert shown["redis_url"] == "redis://***@c.example:6379/0"


def test_a_password_in_the_query_is_masked() -> None:
    settings = Settings(redis_url="redis://c.example/0?username=u&password=canary")
    assert "canary" not in repr(settings)


def test_settings_stay_as_they_are() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("row", list(describe(Settings())), ids=lambda row: row.name)
def test_every_setting_says_what_it_means(row: object) -> None:
    assert getattr(row, "meaning")  # noqa: B009


def test_every_number_says_its_unit() -> None:
    units = ("_ms", "_bytes", "_per_s", "_max", "_size", "_default", "_percent", "_pixels")
    counted = {
        "port", "metrics_port", "worker_port", "processes",
        "unauthenticated_per_address", "unauthenticated_total", "sockets_per_user",
        "devices_per_platform", "inbox_frames", "outbox_bytes", "reset_after_messages",
        "media_uploads_at_once", "media_workers",
    }  # fmt: skip
    for field in msgspec.structs.fields(Settings):
        if type(field.default) is int and field.name not in counted:
            assert field.name.endswith(units), field.name
