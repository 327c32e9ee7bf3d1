"""Alembic's entry: run the migrations on the connection that ``store.schema`` opened."""

from alembic import context

from include.mobile_plans.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,
    user_module_prefix="",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
