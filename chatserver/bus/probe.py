"""What `chatserver doctor` asks Redis."""

from __future__ import annotations

from chatserver.bus.connections import BROKEN, command_client
from chatserver.errors import Unavailable


async def redis_version(url: str) -> str:
    """Name and version of the server, such as `valkey 9.1.0`.

    Raises:
        Unavailable: it does not answer, or refuses.
    """
    client = command_client(url, timeout_s=2.0)
    try:
        info = await client.info("server")
    except BROKEN as error:
        raise Unavailable(f"Redis does not answer: {error}") from error
    finally:
        await client.aclose()
    if "valkey_version" in info:
        return f"valkey {info['valkey_version']}"
    return f"redis {info['redis_version']}"
