"""What `chatserver doctor` asks Redis."""

from __future__ import annotations

from msgspec import Struct

from chatserver.bus.lanes import BROKEN, Lanes
from chatserver.errors import Unavailable


class RedisFacts(Struct, frozen=True):
    """What Redis says of itself: `valkey` or `redis`; `standalone`, `cluster` or `sentinel`."""

    name: str
    version: str
    mode: str
    reached: str  # in words, how the URL leads to it

    @property
    def sharded(self) -> bool:
        """Whether it is a node of a cluster."""
        return self.mode == "cluster"


async def redis_facts(url: str) -> RedisFacts:
    """Ask the Redis behind the URL.

    Raises:
        SettingsError: the URL is none of Redis.
        Unavailable: it does not answer, or refuses.
    """
    lanes = Lanes(url, timeout_s=2.0)
    try:
        info = await lanes[0].client.info("server")
        reached = await _reached(lanes)
    except BROKEN as error:
        raise Unavailable(f"Redis does not answer: {error}") from error
    finally:
        await lanes.aclose()
    name = "valkey" if "valkey_version" in info else "redis"
    mode = info.get("server_mode", info.get("redis_mode", "standalone"))
    return RedisFacts(name, info[f"{name}_version"], mode, reached)


async def _reached(lanes: Lanes) -> str:
    if lanes.cluster is not None:
        return f"a cluster of {await lanes.cluster.shards()} shards"
    return "the master that Sentinel names" if lanes.shape == "sentinel" else "one server"
