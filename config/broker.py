"""Where the broker is: a server that REDIS_URL names, or a Valkey of our own."""

import contextlib
import hashlib
import tempfile
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

# The kernel refuses a longer path for a unix socket.
SOCKET_PATH_LIMIT = 107
BROKER_TIMEOUT_SECONDS = 2.0


def socket_path(data_dir: Path) -> Path:
    """The embedded broker's socket: in the data folder, or elsewhere when that path is too long."""
    path = data_dir / "valkey.sock"
    if len(bytes(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.blake2b(bytes(data_dir), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"handoff-{digest}.sock"


def broker_url(redis_url: str, data_dir: Path) -> str:
    """The address for Celery."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://")
    if redis_url:
        return redis_url
    return f"redis+socket://{socket_path(data_dir)}?virtual_host=0"


def client(redis_url: str, data_dir: Path) -> Redis:
    """A connection of our own, for asking how the broker is."""
    return Redis.from_url(
        redis_url or f"unix://{socket_path(data_dir)}",
        socket_timeout=BROKER_TIMEOUT_SECONDS,
        socket_connect_timeout=BROKER_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


def answers(redis_url: str, data_dir: Path) -> bool:
    with contextlib.closing(client(redis_url, data_dir)) as connection:
        try:
            return bool(connection.ping())
        except RedisError:
            return False


def eviction_policy(redis_url: str, data_dir: Path) -> str | None:
    """What the broker does when it is full; None when it does not say."""
    with contextlib.closing(client(redis_url, data_dir)) as connection:
        try:
            return connection.config_get("maxmemory-policy").get("maxmemory-policy")
        except RedisError:
            return None
