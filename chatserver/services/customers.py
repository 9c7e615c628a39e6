"""Customers beside the chat: who they are, how staff tagged them, what they look at now."""

from __future__ import annotations

import asyncio

import structlog

from chatserver.domain.calls import TagCustomer, UpdateContext
from chatserver.domain.conversation import direct_id, service_id
from chatserver.domain.customer import Context, Customer
from chatserver.domain.desk import may_note, serves
from chatserver.domain.events import ContextChanged
from chatserver.domain.person import Caller, Person
from chatserver.errors import Forbidden, NotFound
from chatserver.services.delivery import Delivery
from chatserver.services.limits import Limits
from chatserver.services.overview import Overview
from chatserver.services.profiles import Profiles
from chatserver.store.stores import Stores

log = structlog.get_logger()


class Customers:
    """What staff may know of the customers they talk to, and what those say of themselves."""

    def __init__(
        self,
        stores: Stores,
        profiles: Profiles,
        overview: Overview,
        delivery: Delivery,
        limits: Limits,
    ) -> None:
        self._customers = stores.customers
        self._conversations = stores.conversations
        self._users = stores.users
        self._profiles = profiles
        self._overview = overview
        self._delivery = delivery
        self._limits = limits

    async def get(self, caller: Caller, user: str, now_ms: int) -> Customer:
        """A customer as the caller may see them; that somebody read this is logged.

        Raises:
            NotFound: there is no such customer, or the caller has nothing to do with them.
            Unsupported: there are birth dates that this server has no keys for.
            Unavailable: no answer in time.
        """
        person, shop = await self._customer(caller, user)
        profile, tags, context, conversations = await asyncio.gather(
            self._profiles.get(caller, user, now_ms),
            self._customers.tags(shop, user),
            self._customers.context(shop, user, now_ms),
            self._overview.shown(caller, (service_id(shop, user),)),
        )
        log.info("a customer was read", customer=user, by=caller.user, shop=shop)
        return Customer(
            user=user,
            name=person.name,
            shop=person.shop,
            tags=tags,
            profile=profile,
            context=context,
            conversations=conversations,
        )

    async def tag(self, caller: Caller, call: TagCustomer) -> tuple[str, ...]:
        """Replace a customer's tags; gives them, each once.

        Raises:
            NotFound, Unavailable: as for `get`.
        """
        _, shop = await self._customer(caller, call.user)
        tags = tuple(dict.fromkeys(tag.strip() for tag in call.tags))
        await self._customers.set_tags(shop, call.user, tags)
        return tags

    async def look_at(self, caller: Caller, call: UpdateContext, now_ms: int) -> None:
        """A customer looks at something: kept, and told to whoever serves them.

        Raises:
            Forbidden: the caller is no customer of a shop.
            RateLimited: too often.
            Unavailable: not confirmed in time.
        """
        if caller.role != "customer" or caller.shop is None:
            raise Forbidden("Only customers of a shop say what they look at")
        self._limits.context(caller.user, now_ms)
        context = Context(page=call.page, product=call.product, at=now_ms)
        await self._customers.set_context(caller.shop, caller.user, context)
        talk = await self._conversations.get(service_id(caller.shop, caller.user))
        service = talk.service if talk else None
        if service is not None and service.status == "open" and service.assignee:
            event = ContextChanged(user=caller.user, context=context)
            self._delivery.tell((service.assignee,), event)

    async def _customer(self, caller: Caller, user: str) -> tuple[Person, str]:
        """A customer to whom the caller has something to say, and the caller's shop."""
        shop = caller.shop
        person = (await self._users.people((user,))).get(user)
        if shop is None or person is None or user == caller.user or not serves(caller, shop):
            raise NotFound
        if person.role != "customer" or person.shop != shop:
            raise NotFound
        service, direct = service_id(shop, user), direct_id(caller.user, user)
        found = await self._conversations.get_all((service, direct))
        if direct not in found and not (service in found and may_note(caller, found[service])):
            raise NotFound
        return person, shop
