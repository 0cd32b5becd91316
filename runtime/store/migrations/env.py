"""How Alembic reaches the database: by the address that `runtime.store.database.migrate` hands over."""

from alembic import context

from runtime.store.database import connect
from runtime.store.tables import metadata


def run() -> None:
    engine = connect(context.config.attributes["url"], pool_size=1)
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=metadata, render_as_batch=True, user_module_prefix="types."
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
    engine.dispose()


run()
