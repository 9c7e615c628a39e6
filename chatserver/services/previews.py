"""What pages behind links say of themselves: fetched once for the sender, never by who gets it."""

from __future__ import annotations

import structlog
from msgspec import structs

from chatserver.config import Settings
from chatserver.domain.bodies import Body
from chatserver.domain.calls import PreviewLink
from chatserver.domain.links import LinkPreview, check_url, host_of
from chatserver.domain.pages import words_of
from chatserver.domain.person import Caller
from chatserver.errors import NotFound, Unsupported
from chatserver.providers.web import NotFetched, Web
from chatserver.services.limits import Limits
from chatserver.store.stores import Stores

log = structlog.get_logger()


class Previews:
    """Previews of links. What is in a message is what the server read, not what a device says."""

    def __init__(self, stores: Stores, limits: Limits, web: Web, settings: Settings) -> None:
        self._previews = stores.previews
        self._limits = limits
        self._web = web
        self._is_on = settings.link_previews

    async def preview(self, caller: Caller, call: PreviewLink, now_ms: int) -> LinkPreview:
        """What a page says of itself, as fetched within a day.

        Raises:
            Unsupported: this server fetches no pages.
            Invalid: this is no address that could be sent.
            RateLimited: the caller had too many fetched.
            NotFound: there is no such page, or it says nothing; which, and why, nobody learns, as
                it would tell about networks that only this server reaches.
            Unavailable: MongoDB does not answer.
        """
        if not self._is_on:
            raise Unsupported
        url = check_url(call.url, "url")
        known = await self._previews.get(url, now_ms)
        if known is not None:
            return known
        self._limits.link_preview(caller.user, now_ms)
        preview = await self._fetched(url)
        await self._previews.keep(preview, now_ms)
        return preview

    async def filled(self, body: Body, now_ms: int) -> Body:
        """The body of a link with what is known of its page.

        Raises:
            Unavailable: MongoDB does not answer.
        """
        known = await self._previews.get(body["url"], now_ms) if self._is_on else None
        if known is None:
            return body
        words = structs.asdict(known)
        said = {name: words[name] for name in ("title", "description", "site") if words[name]}
        return {**body, **said}

    async def _fetched(self, url: str) -> LinkPreview:
        try:
            page = await self._web.page(url)
        except NotFetched as error:
            log.info("a page was not fetched", host=host_of(url), reason=str(error))
            raise NotFound("There is no page to show") from None
        words = words_of(page.content, page.charset)
        if not words.title:
            raise NotFound("There is no page to show")
        return LinkPreview(url=url, host=host_of(url), **structs.asdict(words))
