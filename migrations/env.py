"""The Alembic environment: the address as `heretix db` reads it, its advisory lock, a transaction a revision."""
import os
import sys
import time

from alembic import context
from sqlalchemy import create_engine, make_url, pool, text

LOCK_KEY = 7521983762164970081  # of src/store/postgres/migrator.cpp: one migration at a time, whichever tool runs it
LOCK_PATIENCE = 60  # seconds
DEFAULT_LOCAL = "postgresql+psycopg://heretix:heretix@localhost:5433/heretix"


def address():
    """-x database=local|prod|URL, else APP_ENV; DATABASE_URL and DATABASE_URL_PROD."""
    chosen = context.get_x_argument(as_dictionary=True).get("database") or os.environ.get("APP_ENV") or "local"
    if chosen == "prod":
        chosen = os.environ.get("DATABASE_URL_PROD") or ""
        if not chosen:
            raise SystemExit("DATABASE_URL_PROD is not set")
    elif chosen == "local":
        chosen = os.environ.get("DATABASE_URL") or DEFAULT_LOCAL
    for plain in ("postgres://", "postgresql://"):  # SQLAlchemy reads the one no more and takes psycopg2 for the other
        if chosen.startswith(plain):
            chosen = "postgresql+psycopg://" + chosen.removeprefix(plain)
    url = make_url(chosen)
    if "-pooler." in (url.host or ""):
        raise SystemExit(f"{url.host} is a transaction pooler, which loses the migration lock: use the direct host")
    return url


def prepare_for_pglite(connection):
    """All clients of PGlite share one session: the lock keeps nobody out, and a client before may have left its search path (pg_dump does)."""
    version = connection.scalar(text("SELECT version()"))
    if "PGlite" not in version and "Emscripten" not in version:
        return
    shown = connection.engine.url.render_as_string(hide_password=True)
    print(f"{shown} is PGlite, where the migration lock keeps nobody out: be sure that no other client is connected", file=sys.stderr)
    connection.execute(text("RESET search_path"))
    connection.commit()


def use_public(connection):
    """Fills schema public, as `heretix db` does, and refuses an address that leads past it, as `heretix db` does."""
    path, leads_to_public = connection.execute(text("SELECT current_setting('search_path'), 'public' = ANY (current_schemas(false))")).one()
    if not leads_to_public:
        raise SystemExit(f"the search path '{path}' does not lead to schema public, where Heretix keeps its tables: take it out of the address's "
                         "options, PGOPTIONS, the role (ALTER ROLE ... RESET search_path) or the database, or put public first in it")
    connection.execute(text("SET search_path TO public"))
    connection.commit()


def take_lock(connection):
    deadline = time.monotonic() + LOCK_PATIENCE
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY}):
        if time.monotonic() > deadline:
            raise SystemExit(f"another migration holds the lock, waited {LOCK_PATIENCE} s")
        connection.rollback()
        time.sleep(0.2)
    connection.commit()


def run_offline():
    context.configure(dialect_name="postgresql", literal_binds=True, transaction_per_migration=True)
    context.get_context().impl.static_output("SET search_path TO public;")
    with context.begin_transaction():
        context.run_migrations()


def run_online():
    engine = create_engine(address(), poolclass=pool.NullPool)
    with engine.connect() as connection:
        prepare_for_pglite(connection)
        use_public(connection)
        take_lock(connection)
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
        connection.execute(text("RESET search_path"))  # PGlite keeps it for its next client
        connection.commit()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
