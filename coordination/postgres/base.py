"""The database backend on PostgreSQL: a connection from the pool is looked at, and not asked, before it is used."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """CONN_HEALTH_CHECKS asks the server before each request, which costs a request that claims a task a third of its queries.

    A server that ends a connection says so on the socket, so an idle connection with something to read is a dead one.
    """

    _known_pool: Any = None  # where this thread's first connection came from

    def connect(self) -> None:
        """Borrow a connection. What Django looks up and sets for each one was done for this thread's first, and for the connection
        itself when the pool opened it."""
        if self._known_pool is None or self._known_pool is not self.pool:
            super().connect()
            self._known_pool = self.pool
            return
        self.in_atomic_block = self.needs_rollback = self.closed_in_transaction = self.errors_occurred = False
        self.savepoint_ids, self.atomic_blocks, self.run_on_commit = [], [], []
        self.close_at = 0.0  # it goes back with the end of the request
        self.connection = connection = self.get_new_connection({})
        if not connection.autocommit:
            connection.autocommit = True
        self.autocommit = True

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool is not None and is_dead(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = super().get_new_connection(conn_params)
        return connection


def is_dead(connection: "psycopg.Connection[Any]") -> bool:
    """Return whether the server has ended this idle connection."""
    if connection.closed:
        return True
    watch = select.poll()
    watch.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(watch.poll(0))
