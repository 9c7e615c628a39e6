"""Who may do what in a service conversation and in the notes beside it, call by call."""

from __future__ import annotations

from typing import Any

from tests.integration.services.scenery import BODY

RELATIONS = (
    "customer", "keeper", "manager", "colleague", "former", "elsewhere", "chief", "other", "boss",
    "bot",
)  # fmt: skip
CODES = {".": "ok", "F": "forbidden", "N": "not_found", "T": "taken"}

TEXT = {"client_id": "c", "kind": "text", "body": BODY}
INTO = {"client_id": "c", "from": "home", "seqs": [1]}
OUT = {"client_id": "c", "conversation": "home", "from": "room", "seqs": [1]}
TO = {"user": "customer"}

LOOK = (".....NNNNN", "...NNNNNNN")  # who is in it, and staff as far as it is theirs to look at
BOTH = (".NNNNNNNNN", "..NNNNNNNN")  # who is in it
NOT_HERE = ("FNNNNNNNNN", "FFNNNNNNNN")  # nobody, and who is not in it learns nothing
KEEP = ("FF.FFNNNNN", "F..NNNNNNN")  # whoever serves it, and the manager
NONE = ("N" * len(RELATIONS),) * 2  # there is no card, and nothing was reported
RULE = {"rule": "ads", "action": "mask", "words": ["x"]}
NOTE = ("N....NNNNN", "N..NNNNNNN")

# For each thing that can be asked of a service conversation: what it answers while it waits and
# while the keeper serves it, in the order of RELATIONS (`.` does it, F is forbidden, N knows of no
# such conversation, T says who has it); then what notes answer the keeper who is in them, and the
# call and its fields. Message 1 is somebody else's, message 2 the caller's own.
TABLE: dict[str, tuple[tuple[str, str], str, str, dict[str, Any]]] = {
    "see": (LOOK, ".", "conversation.get", {}),
    "list on": (BOTH, ".", "conversation.list", {}),
    "come in": (BOTH, ".", "conversation.join", {}),
    "leave": (NOT_HERE, "F", "conversation.leave", {}),
    "rename": (NOT_HERE, "F", "conversation.update", {"title": "new"}),
    "see members": (BOTH, ".", "conversation.members", {}),
    "see banned": (NOT_HERE, "F", "conversation.members", {"state": "banned"}),
    "bring in": (NOT_HERE, "F", "conversation.add", {"users": ["other"]}),
    "remove": (NOT_HERE, "F", "conversation.remove", TO),
    "ban": (NOT_HERE, "F", "conversation.ban", TO),
    "promote": (NOT_HERE, "F", "conversation.role", {**TO, "role": "admin"}),
    "mute": (NOT_HERE, "F", "conversation.mute", {**TO, "until": 2**52}),
    "mute all": (NOT_HERE, "F", "conversation.mute", {"until": 2**52}),
    "my settings": (BOTH, ".", "conversation.prefs", {"mode": "none"}),
    "write": (BOTH, ".", "message.send", TEXT),
    "mention all": (NOT_HERE, "F", "message.send", {**TEXT, "mention_all": True}),
    "forward into": (BOTH, ".", "message.forward", INTO),
    "forward out": (LOOK, "F", "message.forward", OUT),
    "edit own": (BOTH, ".", "message.edit", {"seq": 2, "body": {"text": "new"}}),
    "edit another's": (NOT_HERE, "F", "message.edit", {"seq": 1, "body": {"text": "new"}}),
    "recall own": (BOTH, ".", "message.recall", {"seq": 2}),
    "recall another's": (NOT_HERE, "F", "message.recall", {"seq": 1}),
    "react": (BOTH, ".", "message.react", {"seq": 1, "reaction": "👍"}),
    "pin": (BOTH, ".", "message.pin", {"seq": 1}),
    "delete for me": (BOTH, ".", "message.delete", {"seq": 1}),
    "read history": (LOOK, ".", "history.get", {}),
    "read media": (LOOK, ".", "media.links", {"seqs": [1]}),
    "search": (LOOK, ".", "search.messages", {"query": "hello"}),
    "read changes": (LOOK, ".", "changes.get", {"after": 0}),
    "mark read": (BOTH, ".", "read.mark", {"seq": 1}),
    "who read mine": (BOTH, ".", "read.who", {"seq": 2}),
    "who read another's": (BOTH, ".", "read.who", {"seq": 1}),
    "opened": (BOTH, ".", "push.opened", {"id": "p"}),
    "type": (BOTH, ".", "typing", {"on": True}),
    "tap": (NONE, "N", "card.act", {"seq": 1, "button": "b", "client_id": "k"}),
    "see filter": (NOT_HERE, "F", "filter.get", {}),
    "set filter": (NOT_HERE, "F", "filter.set", RULE),
    "report": (LOOK, ".", "report.create", {"seq": 1, "reason": "spam"}),
    "see reports": (NOT_HERE, "F", "report.list", {}),
    "see report": (NONE, "N", "report.get", {"seq": 2}),
    "decide": (NONE, "N", "report.resolve", {"seq": 2, "revision": 1, "verdict": "recall"}),
    "claim": (("N....NNNNN", "N.TTTNNNNN"), "N", "desk.claim", {}),
    "release": (KEEP, "N", "desk.release", {}),
    "assign": (KEEP, "N", "desk.assign", {"user": "colleague"}),
    "resolve": (KEEP, "N", "desk.resolve", {}),
    "reopen": (KEEP, "N", "desk.reopen", {}),
    "take notes": (NOTE, "N", "conversation.notes", {}),
}
ALONE = {"desk.list", "desk.claim", "desk.release", "desk.assign", "desk.resolve", "desk.reopen",
         "conversation.notes"}  # fmt: skip
LISTS = {  # role in the shop -> mine, unassigned, all
    "customer": "FFF", "consultant": "..F", "manager": "...", "admin": "FFF", "bot": "FFF",
}  # fmt: skip
