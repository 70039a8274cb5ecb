"""Runs the Alembic migrations on a connection that is already open."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

MIGRATIONS = Path(__file__).parent / "migrations"

# Any number, the same for every process: two that start together upgrade one after the other.
_UPGRADE_LOCK = 20_260_310


def upgrade(connection: Connection, to: str = "head") -> None:
    """Brings the tables up to a revision; does nothing where they are there already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADE_LOCK})
    command.upgrade(_config(connection), to)


def downgrade(connection: Connection, to: str = "base") -> None:
    """Takes the tables back to a revision."""
    command.downgrade(_config(connection), to)


def problems(connection: Connection) -> tuple[str, ...]:
    """What keeps this version of the program from working with these tables, in words."""
    stands_at = MigrationContext.configure(connection).get_current_revision()
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if stands_at == newest:
        return ()
    return (f"the tables stand at revision {stands_at}, this program needs {newest}: suifang db upgrade",)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config
