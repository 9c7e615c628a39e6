"""What an operator asks of the index of words: how it stands, and to have it made anew."""

from __future__ import annotations

import asyncio

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chatserver.config import Settings
from chatserver.errors import Unavailable
from chatserver.store.following import Followers, Post
from chatserver.store.search import SearchIndex, State
from chatserver.store.stores import open_stores
from chatserver.tasks import Tasks
from chatserver.workers.indexing import Indexing

LOOK_S = 1.0
LATE_S = 60.0  # behind the log by more than this, something is wrong


class Standing(Struct, frozen=True):
    """How the index stands beside the messages, and whoever keeps it."""

    state: State
    post: Post | None
    messages: int
    entries: int

    @property
    def behind_s(self) -> float | None:
        """How far it is behind the log; None where it never was up to date."""
        if self.post is None or not self.post.at_ms:
            return None
        return max(0, self.post.now_ms - self.post.at_ms) / 1000

    @property
    def is_well(self) -> bool:
        """Whether somebody keeps it and keeps up, and nothing is known to be missing."""
        behind_s, walk = self.behind_s, self.state.walk
        is_held = self.post is not None and self.post.is_held
        is_whole = walk is None or walk.into != self.state.current
        return is_held and is_whole and behind_s is not None and behind_s <= LATE_S

    @property
    def says(self) -> str:
        """The same in a sentence."""
        behind = "" if self.behind_s is None else f", {self.behind_s:.1f} s behind the log"
        if self.post is None or not self.post.is_held:
            return f"no worker keeps it{behind}; `chatserver worker` is one"
        walk = self.state.walk
        again = f"; reads all messages, {walk.done:,} so far" if walk is not None else ""
        return f"{self.entries:,} of {self.messages:,} messages{behind}{again}"


async def standing(index: SearchIndex, followers: Followers) -> Standing:
    """How the index stands.

    Raises:
        Unavailable: MongoDB does not answer.
    """
    state, post, sizes = await asyncio.gather(
        index.state(), followers.look(Indexing.name), index.sizes()
    )
    return Standing(state, post, *sizes)


async def status(settings: Settings) -> int:
    """Say how the index stands; 0 where a worker keeps it up to date."""
    stores = open_stores(settings, Tasks(lambda _error: None))
    try:
        found = await standing(stores.search, stores.followers)
    except Unavailable:
        print("MongoDB does not answer; `chatserver doctor` says more")
        return 1
    finally:
        await stores.database.close()
    print(found.says)
    return 0 if found.is_well else 1


async def rebuild(settings: Settings) -> int:
    """Have the index made anew by the worker, and show how far that is; interrupted, it goes on.

    People search the old one meanwhile.
    """
    stores = open_stores(settings, Tasks(lambda _error: None))
    try:
        walk = await stores.search.rebuild()
        with _progress() as progress:
            task = progress.add_task("messages")
            while True:
                found = await standing(stores.search, stores.followers)
                now = found.state.walk
                if now is None or now.into != walk.into:
                    break
                who = "messages" if found.post and found.post.is_held else "waits for a worker"
                progress.update(
                    task, description=who, completed=now.done, total=max(found.messages, now.done)
                )
                await asyncio.sleep(LOOK_S)
    except Unavailable:
        print("MongoDB does not answer; the worker goes on when it does")
        return 1
    finally:
        await stores.database.close()
    print(f"the new index is searched: {found.says}")
    return 0


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
