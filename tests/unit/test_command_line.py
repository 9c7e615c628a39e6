from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chatserver import clock
from chatserver.__main__ import main
from chatserver.config import Settings
from chatserver.dev import demo
from chatserver.dev.folder import dev_key
from chatserver.domain.person import Identity
from chatserver.errors import TokenExpired
from chatserver.reference import protocol
from chatserver.services.auth import Verifier

SECRET = "the secret of one shop, long enough"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_JWT_KEY", SECRET)


def read(token: str, secret: str = SECRET) -> Identity:
    return Verifier(Settings(jwt_key=secret)).verify(token.strip(), clock.now_ms())


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that a wrong use is answered with."""
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("chatserver: ")
    assert "Traceback" not in err
    return err


def test_a_token_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    said = ["--role", "manager", "--shop", "s1", "--name", "林", "--ttl", "15m"]
    assert main(["token", "u1", *said]) == 0
    identity = read(capsys.readouterr().out)
    assert (identity.user, identity.role, identity.shop, identity.name) == (
        "u1", "manager", "s1", "林"
    )  # fmt: skip
    assert identity.expires_at - identity.issued_at == 15 * 60_000


def test_somebody_unknown_is_a_customer_for_an_hour(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "nobody-of-the-demo"]) == 0
    identity = read(capsys.readouterr().out)
    assert (identity.role, identity.shop, identity.name) == ("customer", None, None)
    assert identity.expires_at - identity.issued_at == 3_600_000


def test_people_of_the_demo_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    for person in demo.people():
        assert main(["token", person.user]) == 0
        identity = read(capsys.readouterr().out)
        assert (identity.role, identity.name) == (person.role, person.name)


def test_the_key_of_a_data_folder_signs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key = dev_key(tmp_path)
    assert main(["token", "u1", "--data", str(tmp_path)]) == 0
    assert read(capsys.readouterr().out, key).user == "u1"


def test_a_lifetime_counts_from_now(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "u1", "--ttl", "1s"]) == 0
    token = capsys.readouterr().out.strip()
    with pytest.raises(TokenExpired):
        Verifier(Settings(jwt_key=SECRET)).verify(token, clock.now_ms() + 4000)


@pytest.mark.parametrize("ttl", ["1", "h", "1x", "-1h", "1.5h", "", "9999d", "0s", "1h30m"])
def test_a_lifetime_that_is_none_is_refused(capsys: pytest.CaptureFixture[str], ttl: str) -> None:
    refused(capsys, "token", "u1", f"--ttl={ttl}")


@pytest.mark.parametrize(
    "arguments",
    [
        ["token"], ["token", ""], ["token", "u 1"], ["token", "u1", "--role", "king"], ["bogus"],
        ["token", "u1", "--data", "/nowhere"], ["serve", "--port", "http"],
        ["serve", "--port", "70000"], ["serve", "--config", "/nowhere.toml"],
        ["settings", "--config", "/nowhere.toml"], ["dev", "--nodes", "many"], ["settings", "x"],
        ["rotate-keys"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_use_is_answered_in_a_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    refused(capsys, *arguments)


def test_without_a_key_it_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHAT_JWT_KEY")
    assert "--data" in refused(capsys, "token", "u1")


def test_settings_are_shown_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    shown = capsys.readouterr().out
    assert "CHAT_MONGO_URL" in shown
    assert SECRET not in shown


def test_the_protocol_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocol"]) == 0
    assert capsys.readouterr().out == protocol.markdown()


def test_the_settings_page_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Settings\n")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out[0].isdigit()


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m chatserver protocol | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("# The protocol")
    assert done.stderr == ""
