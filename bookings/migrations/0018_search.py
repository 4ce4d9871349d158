"""Staff's searches: PostgreSQL gets two functions, and indexes on what they make of visits and clients.

`massagerx_fold` and SQLite's function of that name are `massagerx.lib.folding.fold`. Needs no extension.

Their bodies are bound when they are made (`RETURN`), not read as text when they run: pg_restore, and PostgreSQL 17 whenever
it builds an index, look for functions in no schema of ours, and would not find one named in a text.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# As `massagerx.lib.folding` had them when this was written; a test compares them with what it has now. Quotes are
# doubled for SQL.
LETTERS = (
    "àáâãäåāăąÀÁÂÃÄÅĀĂĄçćčÇĆČďđĎĐèéêëēėęěÈÉÊËĒĖĘĚğģĞĢìíîïīįıÌÍÎÏĪĮIķĶłļľŁĻĽ"
    "ñńňņÑŃŇŅòóôõöøōőÒÓÔÕÖØŌŐřŕŘŔśšşșŚŠŞȘťţțŤŢȚùúûüūůűųÙÚÛÜŪŮŰŲýÿÝŸźżžŹŻŽ"
)
PLAIN = (
    "aaaaaaaaaaaaaaaaaaccccccddddeeeeeeeeeeeeeeeeggggiiiiiiiiiiiiiikkllllll"
    "nnnnnnnnoooooooooooooooorrrrssssssssttttttuuuuuuuuuuuuuuuuyyyyzzzzzz"
)
SPACES = "\t\n\r\u00a0"
NOTHING = "''`´‘’ʼ\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0326\u0327\u0328"

FORWARDS = [
    f"""CREATE FUNCTION massagerx_fold(text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN translate(lower($1), '{LETTERS}{SPACES}{NOTHING}', '{PLAIN}{" " * len(SPACES)}')""",
    # Every ending of every word, each once: a part of a word is the beginning of one of them. The cost keeps the planner
    # from working it out row by row. Not for parallel workers: it is hardly ever run, and they take 10 ms to start.
    """CREATE FUNCTION massagerx_parts(text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL RESTRICTED COST 300
    RETURN (SELECT coalesce(array_to_tsvector(array_agg(DISTINCT substr(word, place))), ''::tsvector)
            FROM unnest(string_to_array(massagerx_fold($1), ' ')) AS word,
            generate_series(1, length(word)) AS place)""",
    # What is new goes into the indexes at once: a list of what is to be put in later is read by every search.
    """CREATE INDEX booking_by_parts ON bookings_booking USING gin
    (massagerx_parts(reference || ' ' || contact_name || ' ' || recipient_name || ' ' || street))
    WITH (fastupdate = off)""",
    """CREATE INDEX client_by_parts ON bookings_client USING gin
    (massagerx_parts(name || ' ' || email || ' ' || phone)) WITH (fastupdate = off)""",
]
BACKWARDS = [
    "DROP INDEX client_by_parts",
    "DROP INDEX booking_by_parts",
    "DROP FUNCTION massagerx_parts(text)",
    "DROP FUNCTION massagerx_fold(text)",
]


def forwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(FORWARDS, schema_editor)


def backwards(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _run(BACKWARDS, schema_editor)


def _run(statements: list[str], schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for statement in statements:
            schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0017_rights_over_people")]

    operations = [migrations.RunPython(forwards, backwards)]
