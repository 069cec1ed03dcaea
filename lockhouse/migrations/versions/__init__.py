"""One module a version, in Alembic's form."""
