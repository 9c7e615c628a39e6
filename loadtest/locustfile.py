"""Customers and consultants for Locust, for those who know its page:

    pip install -e '.[locust,bench]'
    CHAT_JWT_KEY=… locust -f loadtest/locustfile.py --host http://127.0.0.1:8080

Locust's users wait for their answers, and nothing is judged: rehearsals (`python -m loadtest run`)
send at a rate whatever becomes of it, and end in a verdict. CHAT_JWT_KEY is the server's key, with
which tokens are signed.
"""

from __future__ import annotations

import itertools
import os
import random
import uuid
from typing import Any

import gevent
from locust import between, task
from locust.contrib.socketio import SocketIOUser

from chatserver import clock
from chatserver.config import Settings
from chatserver.domain.person import Person, Role
from chatserver.services.auth import mint
from loadtest.rehearsal.texts import text

CONSULTANTS = 5
TOKEN_S = 8 * 3600
ASKS_AGAIN_S = 1.0
CHARACTERS_MOST = 500

_numbers = itertools.count()
_settings = Settings(jwt_key=os.environ.get("CHAT_JWT_KEY", ""))
_chance = random.Random()


class Somebody(SocketIOUser):
    """A person with one device, connected until Locust ends it."""

    abstract = True
    role: Role = "customer"

    def enter(self, user: str) -> None:
        """Connect as this person."""
        self.user_id = user
        person = Person(user=user, name=user, role=self.role)
        token = mint(_settings, person, ttl_s=TOKEN_S, now_ms=clock.now_ms())
        auth = {"token": token, "device": {"id": f"{user}-locust", "platform": "bot"}}
        self.sio.connect(self.host, auth=auth, transports=["websocket"])

    def say(self, conversation: str, kind: str) -> None:
        """Send a text and wait until it is stored."""
        characters = round(min(_chance.lognormvariate(2.6, 0.8), CHARACTERS_MOST)) or 1
        self.sio.call("message.send", {
            "conversation": conversation,
            "client_id": uuid.uuid4().hex,
            "kind": "text",
            "body": {"text": text(kind, characters, _chance)},
        })  # fmt: skip

    def on_stop(self) -> None:
        """Leave."""
        self.sio.disconnect()


class Consultant(Somebody):
    """Answers every question some seconds later."""

    role: Role = "consultant"
    fixed_count = CONSULTANTS
    wait_time = between(60, 120)
    names = itertools.count()

    def on_start(self) -> None:
        """Come in."""
        self.sio.on("message", self.asked)
        self.enter(f"locust-k{next(self.names) % CONSULTANTS}")

    def asked(self, message: dict[str, Any]) -> None:
        """Somebody wrote."""
        gevent.spawn_later(_chance.uniform(2, 10), self.say, message["conversation"], "answer")

    @task
    def be_there(self) -> None:
        """Only answer."""


class Customer(Somebody):
    """Asks a consultant now and then, and looks back."""

    wait_time = between(5, 30)

    def on_start(self) -> None:
        """Come in and find the consultant, who may come later."""
        number = next(_numbers)
        self.enter(f"locust-c{uuid.uuid4().hex[:8]}")
        asked = {"kind": "direct", "with": f"locust-k{number % CONSULTANTS}"}
        while not (answer := self.call("conversation.open", asked))["ok"]:
            gevent.sleep(ASKS_AGAIN_S)
        self.conversation = answer["conversation"]["id"]

    @task(5)
    def ask(self) -> None:
        """Send a question."""
        self.say(self.conversation, "ask")

    @task(1)
    def look_back(self) -> None:
        """Read the last page."""
        self.call("history.get", {"conversation": self.conversation, "limit": 50})
