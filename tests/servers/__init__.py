"""Real servers for tests, the bench and the demo: started on free loopback ports, stopped and cleared away whatever happens."""

from tests.servers.muster import MusterServer, running_muster
from tests.servers.postgres import PostgresServer, throwaway_postgres
from tests.servers.process import ServerError
from tests.servers.redis import RedisServer, throwaway_redis

__all__ = [
    "MusterServer",
    "PostgresServer",
    "RedisServer",
    "ServerError",
    "running_muster",
    "throwaway_postgres",
    "throwaway_redis",
]
