"""All services of a node, wired once."""

from __future__ import annotations

from msgspec import Struct

from chatserver.services.answers import Answers
from chatserver.services.auth import Auth
from chatserver.services.communities import Communities
from chatserver.services.conversations import Conversations
from chatserver.services.cursors import Cursors
from chatserver.services.customers import Customers
from chatserver.services.delivery import Delivery
from chatserver.services.desk import Desk
from chatserver.services.devices import Devices
from chatserver.services.limits import Limits
from chatserver.services.messages import Messages
from chatserver.services.notes import Notes
from chatserver.services.overload import Overload
from chatserver.services.overview import Overview
from chatserver.services.presence import Presence
from chatserver.services.profiles import Profiles
from chatserver.services.rooms import Rooms
from chatserver.services.seats import Seats
from chatserver.services.shops import Shops
from chatserver.services.snippets import Snippets
from chatserver.services.sync import Sync
from chatserver.services.typists import Typists


class Services(Struct, frozen=True, kw_only=True):
    """What the ways in may call."""

    auth: Auth
    devices: Devices
    conversations: Conversations
    rooms: Rooms
    desk: Desk
    overview: Overview
    notes: Notes
    snippets: Snippets
    customers: Customers
    seats: Seats
    messages: Messages
    cursors: Cursors
    sync: Sync
    presence: Presence
    shops: Shops
    answers: Answers
    typists: Typists
    delivery: Delivery
    limits: Limits
    profiles: Profiles
    communities: Communities
    overload: Overload
