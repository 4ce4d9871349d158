"""Django's database backend for PostgreSQL, for connections that keep queries prepared."""
