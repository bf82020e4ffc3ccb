"""Alembic's entry: always on the connection that `store.engine.migrate` opened."""

from __future__ import annotations

from alembic import context

from alpr_assets.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=context.config.attributes["connection"].dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
