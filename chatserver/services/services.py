"""All services of a node, wired once."""

from __future__ import annotations

from msgspec import Struct

from chatserver.services.answers import Answers
from chatserver.services.auth import Auth
from chatserver.services.badges import Badges
from chatserver.services.cards import Cards
from chatserver.services.communities import Communities
from chatserver.services.complaints import Complaints
from chatserver.services.conversations import Conversations
from chatserver.services.cursors import Cursors
from chatserver.services.customers import Customers
from chatserver.services.delivery import Delivery
from chatserver.services.desk import Desk
from chatserver.services.devices import Devices
from chatserver.services.filters import Filters
from chatserver.services.history import History
from chatserver.services.limits import Limits
from chatserver.services.media.media import MediaServices
from chatserver.services.messages import Messages
from chatserver.services.moderation import Moderation
from chatserver.services.notes import Notes
from chatserver.services.overload import Overload
from chatserver.services.overview import Overview
from chatserver.services.presence import Presence
from chatserver.services.previews import Previews
from chatserver.services.profiles import Profiles
from chatserver.services.push import Push
from chatserver.services.rooms import Rooms
from chatserver.services.search import Search
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
    history: History
    cards: Cards
    previews: Previews
    filters: Filters
    complaints: Complaints
    moderation: Moderation
    cursors: Cursors
    sync: Sync
    search: Search
    presence: Presence
    shops: Shops
    answers: Answers
    badges: Badges
    typists: Typists
    delivery: Delivery
    limits: Limits
    profiles: Profiles
    push: Push
    communities: Communities
    overload: Overload
    media: MediaServices
