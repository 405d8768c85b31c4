"""The baseline: the loop that a good engineer writes in thirty lines, with nothing of what Muster promises."""

import psycopg

from bench.fleet import Cycle

TABLE = """
    DROP TABLE IF EXISTS raw_task;
    CREATE TABLE raw_task (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title text NOT NULL,
        priority int NOT NULL DEFAULT 50,
        state text NOT NULL DEFAULT 'queued',
        attempt int NOT NULL DEFAULT 0,
        worker int,
        claimed_at timestamptz,
        done_at timestamptz
    );
    CREATE INDEX raw_task_queue ON raw_task (priority, id) WHERE state = 'queued';"""
CLAIM = """
    UPDATE raw_task SET state = 'running', attempt = attempt + 1, worker = %s, claimed_at = now()
    WHERE id = (
        SELECT id FROM raw_task WHERE state = 'queued' ORDER BY priority, id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id"""
COMPLETE = "UPDATE raw_task SET state = 'done', done_at = now() WHERE id = %s AND state = 'running' AND worker = %s"


def fill(url: str, count: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLE)
        connection.execute("INSERT INTO raw_task (title) SELECT 'Task ' || n FROM generate_series(1, %s) AS n", [count])
        connection.execute("VACUUM ANALYZE raw_task")


def worker(url: str, number: int) -> Cycle:
    """Return the cycle of one client: claim, commit, complete, commit. Statements are prepared after five uses, as psycopg does."""
    connection = psycopg.connect(url, autocommit=True)

    def cycle() -> bool:
        row = connection.execute(CLAIM, [number]).fetchone()
        if row is None:
            return False
        return connection.execute(COMPLETE, [row[0], number]).rowcount == 1

    return cycle
