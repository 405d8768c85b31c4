"""Triggers for what no constraint of the ORM can say: a task stays in its project, and so do the edges between tasks (P13).

On PostgreSQL they are made by a migration. SQLite's triggers would stand in the way of Django, which changes a table there
by making it anew: they are taken down before every run of migrations and put up after it.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EDGE_REFUSED = "a dependency joins two tasks of its own project"
MOVE_REFUSED = "a task stays in its project"

POSTGRES = f"""
CREATE OR REPLACE FUNCTION muster_edge_in_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM coordination_task WHERE id IN (NEW.task_id, NEW.on_id) AND project_id = NEW.project_id) < 2 THEN
        RAISE EXCEPTION '{EDGE_REFUSED}' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION muster_task_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{MOVE_REFUSED}' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER muster_edge_in_project BEFORE INSERT OR UPDATE ON coordination_dependency
    FOR EACH ROW EXECUTE FUNCTION muster_edge_in_project();
CREATE TRIGGER muster_task_stays BEFORE UPDATE OF project_id ON coordination_task
    FOR EACH ROW WHEN (NEW.project_id <> OLD.project_id) EXECUTE FUNCTION muster_task_stays();
"""
POSTGRES_BACK = """
DROP TRIGGER IF EXISTS muster_edge_in_project ON coordination_dependency;
DROP TRIGGER IF EXISTS muster_task_stays ON coordination_task;
DROP FUNCTION IF EXISTS muster_edge_in_project();
DROP FUNCTION IF EXISTS muster_task_stays();
"""

_SQLITE_EDGE = f"""
    FOR EACH ROW WHEN (SELECT count(*) FROM coordination_task WHERE id IN (NEW.task_id, NEW.on_id) AND project_id = NEW.project_id) < 2
    BEGIN SELECT RAISE(ABORT, '{EDGE_REFUSED}'); END"""
SQLITE = {
    "muster_edge_in_project": f"BEFORE INSERT ON coordination_dependency {_SQLITE_EDGE}",
    "muster_edge_stays_in_project": f"BEFORE UPDATE ON coordination_dependency {_SQLITE_EDGE}",
    "muster_task_stays": f"""BEFORE UPDATE OF project_id ON coordination_task
        FOR EACH ROW WHEN NEW.project_id <> OLD.project_id
        BEGIN SELECT RAISE(ABORT, '{MOVE_REFUSED}'); END""",
}
TABLES = {"coordination_dependency", "coordination_task"}


def take_down(using: str = "default", **_: Any) -> None:
    """Remove SQLite's triggers before migrations run."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for name in SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def put_up(using: str = "default", **_: Any) -> None:
    """Make SQLite's triggers after migrations ran, as far as their tables exist."""
    connection = connections[using]
    if connection.vendor == "sqlite" and set(connection.introspection.table_names()) >= TABLES:
        with connection.cursor() as cursor:
            for name, body in SQLITE.items():
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")


def put_up_on_postgres(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES)


def take_down_on_postgres(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_BACK)
