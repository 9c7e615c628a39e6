"""The rules by which people come into communities, as this node was started with."""

from __future__ import annotations

from pathlib import Path

from chatserver.config import Settings, SettingsError
from chatserver.domain.community import Rule
from chatserver.domain.community_rules import RuleError, parse_rules


def load_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules of the file that the settings name; none without one.

    Raises:
        SettingsError: with the file, the rule and the field that cannot be used.
    """
    if not settings.communities_file:
        return ()
    file = Path(settings.communities_file)
    try:
        return parse_rules(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"CHAT_COMMUNITIES_FILE={file}: {error.strerror}") from None
    except (RuleError, UnicodeDecodeError) as error:
        raise SettingsError(f"CHAT_COMMUNITIES_FILE={file}: {error}") from None
