"""The peer: procrastinate, a job queue in PostgreSQL, running jobs that do nothing."""

import asyncio
import time

from procrastinate import App, PsycopgConnector

CONCURRENCY = 8


def jobs_a_second(url: str, count: int) -> float:
    """Return how many no-op jobs one procrastinate worker finishes in a second."""
    return asyncio.run(_measure(url, count))


async def _measure(url: str, count: int) -> float:
    app = App(connector=PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    async def nothing() -> None:
        pass

    async with app.open_async():
        if await app.connector.execute_query_one_async("SELECT to_regclass('procrastinate_jobs') IS NULL AS missing") == {"missing": True}:
            await app.schema_manager.apply_schema_async()
        await nothing.batch_defer_async(*({} for _ in range(count)))
        began = time.perf_counter()
        await app.run_worker_async(concurrency=CONCURRENCY, wait=False, install_signal_handlers=False, listen_notify=False)
        return count / (time.perf_counter() - began)
