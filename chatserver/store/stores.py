"""All stores of a node over one database."""

from __future__ import annotations

from msgspec import Struct

from chatserver.config import Settings
from chatserver.domain.waiting import WaitingRoom
from chatserver.store.changes import Changes
from chatserver.store.conversations import Conversations
from chatserver.store.cursors import Cursors
from chatserver.store.customers import Customers
from chatserver.store.database import Database
from chatserver.store.desk import Desks
from chatserver.store.devices import DeviceRecords
from chatserver.store.due import DuePeople
from chatserver.store.filters import Filters
from chatserver.store.following import Followers
from chatserver.store.gridfs import GridFSBlobs
from chatserver.store.heads import Heads
from chatserver.store.leases import Leases
from chatserver.store.log import Log
from chatserver.store.media import MediaRecords
from chatserver.store.memberships import Memberships
from chatserver.store.messages import Messages
from chatserver.store.previews import Previews
from chatserver.store.profiles import Profiles
from chatserver.store.push_prefs import PushPrefs
from chatserver.store.push_walks import PushWalks
from chatserver.store.pushes import Pushes
from chatserver.store.reports import Reports
from chatserver.store.response_times import ResponseTimes
from chatserver.store.revocations import Revocations
from chatserver.store.rooms import Rooms
from chatserver.store.search import SearchIndex
from chatserver.store.snippets import Snippets
from chatserver.store.uploads import Uploads
from chatserver.store.users import Users
from chatserver.store.vault import MasterKeys, Vault
from chatserver.tasks import Tasks


class Stores(Struct, frozen=True, kw_only=True):
    """The stores of a node."""

    database: Database
    users: Users
    devices: DeviceRecords
    revocations: Revocations
    conversations: Conversations
    cursors: Cursors
    rooms: Rooms
    memberships: Memberships
    desks: Desks
    messages: Messages
    changes: Changes
    heads: Heads
    log: Log
    response_times: ResponseTimes
    profiles: Profiles
    push_prefs: PushPrefs
    pushes: Pushes
    push_walks: PushWalks
    due: DuePeople
    snippets: Snippets
    customers: Customers
    filters: Filters
    previews: Previews
    reports: Reports
    search: SearchIndex
    followers: Followers
    vault: Vault
    uploads: Uploads
    media: MediaRecords
    gridfs: GridFSBlobs
    leases: Leases


def open_stores(settings: Settings, tasks: Tasks) -> Stores:
    """The stores behind the settings; nothing is asked of MongoDB yet.

    Raises:
        SettingsError: a setting of theirs cannot be used.
    """
    database = Database(
        settings.mongo_url,
        settings.mongo_database,
        driver=settings.mongo_driver,
        pool=settings.mongo_pool_size,
        timeout_ms=settings.store_timeout_ms,
    )
    messages = Messages(database)
    changes = Changes(database, messages)
    cursors = Cursors(database, flush_ms=settings.cursor_flush_ms)
    heads = Heads(database, messages, changes, cursors)
    vault = Vault(database, MasterKeys(settings.data_keys))
    return Stores(
        database=database,
        users=Users(database, newcomers_due=bool(settings.communities_file)),
        devices=DeviceRecords(database),
        revocations=Revocations(database),
        conversations=Conversations(database),
        cursors=cursors,
        rooms=Rooms(database),
        memberships=Memberships(database),
        desks=Desks(database),
        messages=messages,
        changes=changes,
        heads=heads,
        log=Log(
            database,
            messages,
            heads,
            tasks,
            places=WaitingRoom(
                settings.append_waiting_max, chatter_percent=settings.append_chatter_percent
            ),
            batch_max=settings.append_batch_max,
        ),
        response_times=ResponseTimes(database),
        profiles=Profiles(database),
        push_prefs=PushPrefs(database, vault),
        pushes=Pushes(database, gather_ms=settings.push_gather_ms),
        push_walks=PushWalks(database),
        due=DuePeople(database),
        snippets=Snippets(database),
        customers=Customers(database),
        filters=Filters(database),
        previews=Previews(database),
        reports=Reports(database),
        search=SearchIndex(database),
        followers=Followers(database),
        vault=vault,
        uploads=Uploads(database),
        media=MediaRecords(database),
        gridfs=GridFSBlobs(database),
        leases=Leases(database),
    )
