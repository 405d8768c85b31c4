"""The database backend on PostgreSQL: a connection from the pool is looked at, and not asked, before it is used."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """CONN_HEALTH_CHECKS asks the server before each request, which costs a request that claims a task a third of its queries.

    A server that ends a connection says so on the socket, so an idle connection with something to read is a dead one.
    """

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
