"""What a row is measured on: a database of its own, the servers' addresses, and a running Muster when it asks for one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import MusterServer, running_muster
from tests.servers.ports import free_port


@dataclass(frozen=True)
class Bed:
    """`database_url` names a migrated, empty PostgreSQL database that no other row sees."""

    database_url: str
    redis_url: str
    home: Path

    @contextmanager
    def muster(self, *, redis: bool = False) -> Iterator[MusterServer]:
        """Yield a Muster on this row's database, started as its users start it."""
        redis_url = self.redis_url if redis else ""
        with running_muster(database_url=self.database_url, redis_url=redis_url, home=self.home, port=free_port()) as server:
            yield server


def bed_from_environment() -> Bed:
    return Bed(os.environ["DATABASE_URL"], os.environ["BENCH_REDIS_URL"], Path(os.environ["MUSTER_HOME"]))
