"""Who may log in as whom on the pages of a demo shop."""

from __future__ import annotations

from pathlib import Path

from chatserver.api.demo import DemoLogin
from chatserver.config import Settings, StartError
from chatserver.dev import story
from chatserver.dev.folder import is_key_of
from chatserver.domain.person import Person


def logins(settings: Settings) -> list[DemoLogin]:
    """Everybody of the demo shop, on a server that is one of `chatserver dev`.

    Raises:
        StartError: its key is not that of the data folder, so it may be somebody's real server.
    """
    if not is_key_of(Path(settings.demo_folder), settings.jwt_key):
        raise StartError(
            f"CHAT_DEMO_FOLDER={settings.demo_folder} lets anybody in without a password, which "
            "only `chatserver dev` may, and CHAT_JWT_KEY is not the key in that folder"
        )
    return [_login(each) for each in story.load().people]


def _login(each: story.DemoPerson) -> DemoLogin:
    person = Person(user=each.user, name=each.name, role=each.role, shop=each.shop)
    return DemoLogin(person, each.about)
