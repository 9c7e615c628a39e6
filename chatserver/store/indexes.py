"""The indexes of every collection; what is not here MongoDB finds by `_id`."""

from __future__ import annotations

from pymongo import ASCENDING, DESCENDING, IndexModel

# a conversation's postings lie together, each list of them in the order in which it is searched
FOUND = IndexModel(
    [("_id.c", ASCENDING), ("t", ASCENDING), ("at", DESCENDING), ("_id.s", DESCENDING)],
    name="found",
    # neighbours differ in little: a quarter of what it takes up otherwise
    storageEngine={"wiredTiger": {"configString": "block_compressor=zstd"}},
)
INDEXES: dict[str, list[IndexModel]] = {
    "messages": [
        # a retry is recognised for ever, whoever stored the first one
        IndexModel(
            [("_id.c", ASCENDING), ("sender", ASCENDING), ("client_id", ASCENDING)],
            name="once",
            unique=True,
        ),
        # unread counts look only at the few messages that do not count, or that mention somebody
        IndexModel(
            [("_id.c", ASCENDING), ("_id.s", ASCENDING)],
            name="uncounted",
            partialFilterExpression={"uncounted": True},
        ),
        IndexModel(
            [("mentions", ASCENDING), ("_id.c", ASCENDING), ("_id.s", ASCENDING)],
            name="mentions",
            partialFilterExpression={"mentions": {"$exists": True}},
        ),
        IndexModel(
            [("_id.c", ASCENDING), ("_id.s", ASCENDING)],
            name="pinned",
            partialFilterExpression={"pinned": True},
        ),
        # whether anything refers to a medium
        IndexModel(
            [("media", ASCENDING)],
            name="media",
            partialFilterExpression={"media": {"$exists": True}},
        ),
    ],
    "uploads": [
        IndexModel([("owner", ASCENDING), ("expires_at", ASCENDING)], name="of_owner"),
        IndexModel([("expires_at", ASCENDING)], name="expired"),
    ],
    "media": [
        IndexModel([("owner", ASCENDING), ("source", ASCENDING)], name="of_owner"),
        IndexModel([("due", ASCENDING)], name="due"),
    ],
    # as GridFS would make them itself when it is first used
    "media.files": [IndexModel([("filename", ASCENDING), ("uploadDate", ASCENDING)])],
    "media.chunks": [IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], unique=True)],
    "memberships": [
        IndexModel([("user", ASCENDING), ("conversation", ASCENDING)], name="of_user"),
        # what follows is about rooms; the two of a direct conversation cost nothing here
        IndexModel(
            [("user", ASCENDING), ("conversation", ASCENDING), ("since", ASCENDING)],
            name="seats",
            partialFilterExpression={"seated": True},
        ),
        IndexModel(
            [("conversation", ASCENDING), ("state", ASCENDING), ("user", ASCENDING)],
            name="of_room",
            partialFilterExpression={"room": True},
        ),
        IndexModel(
            [("conversation", ASCENDING), ("role", ASCENDING)],
            name="admins",
            partialFilterExpression={"seated": True},
        ),
        IndexModel([("acted_at", ASCENDING)], name="acted_at", sparse=True),
    ],
    "users": [
        # whoever is to be looked at; staff of a shop
        IndexModel([("due", ASCENDING)], name="due", sparse=True),
        IndexModel([("shop", ASCENDING), ("role", ASCENDING)], name="of_shop"),
        IndexModel([("shop", ASCENDING), ("found_by", ASCENDING)], name="named"),
    ],
    "conversations": [
        IndexModel(
            [("room.shop", ASCENDING)],
            name="communities",
            partialFilterExpression={"room.community": {"$type": "string"}},
        ),
        # the lists of a shop's desk, each in its order
        IndexModel(
            [
                ("room.shop", ASCENDING),
                ("room.service.status", ASCENDING),
                ("room.service.assignee", ASCENDING),
                ("room.service.since", ASCENDING),
                ("_id", ASCENDING),
            ],
            name="waiting",
            partialFilterExpression={"room.service.since": {"$gt": 0}},
        ),
        IndexModel(
            [
                ("room.service.assignee", ASCENDING),
                ("spoken_at", DESCENDING),
                ("_id", ASCENDING),
            ],
            name="served_by",
            partialFilterExpression={"room.service.assignee": {"$type": "string"}},
        ),
        IndexModel(
            [("room.shop", ASCENDING), ("spoken_at", DESCENDING), ("_id", ASCENDING)],
            name="of_desk",
            partialFilterExpression={"room.service.since": {"$gt": 0}},
        ),
    ],
    # the words of messages, twice: one is searched while the other is made anew
    "search_a": [FOUND],
    "search_b": [FOUND],
    "devices": [
        IndexModel([("user", ASCENDING), ("connected_at", ASCENDING)], name="of_user"),
    ],
    "revocations": [
        IndexModel([("revoked_at", ASCENDING)], name="since"),
        IndexModel([("until", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
    "snippets": [
        IndexModel([("_id.u", ASCENDING), ("shortcut", ASCENDING)], name="once", unique=True),
    ],
    "contexts": [
        IndexModel([("until", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
    "data_keys": [
        IndexModel([("master", ASCENDING), ("_id", ASCENDING)], name="of_master"),
    ],
    "filters": [
        IndexModel([("changed_at", ASCENDING)], name="since"),
    ],
    "previews": [
        IndexModel([("until", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
    "pushes": [
        IndexModel([("due", ASCENDING)], name="due", sparse=True),
        IndexModel([("until", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
    "reports": [
        IndexModel(
            [
                ("shop", ASCENDING),
                ("state", ASCENDING),
                ("last_at", DESCENDING),
                ("_id.c", DESCENDING),
                ("_id.s", DESCENDING),
            ],
            name="of_shop",
        ),
        IndexModel(
            [
                ("_id.c", ASCENDING),
                ("state", ASCENDING),
                ("last_at", DESCENDING),
                ("_id.s", DESCENDING),
            ],
            name="of_room",
        ),
        IndexModel([("media", ASCENDING)], name="media"),
        IndexModel([("until", ASCENDING)], name="forget", expireAfterSeconds=0),
    ],
}
