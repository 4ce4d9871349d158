"""The roles of staff, as groups, and the functions and indexes behind staff's searches.

Roles: owner, front desk, therapist and writer, with the permissions below; a later change of a role is a migration of its own.

Searches: PostgreSQL gets two functions, and indexes on what they make of visits and clients. `massagerx_fold`, and SQLite's
function of that name, are `massagerx.lib.text_search.fold`. Needs no extension. Neither names a function of ours in a text
that is read when it runs: pg_restore, and PostgreSQL 17 whenever it builds an index, look for them in no schema of ours.
"""

from django.db import migrations

from massagerx.lib.roles import ALL, KEEP, SEE, give_rights

# A therapist's rights are narrowed to what is their own: bookings/staff/visibility.py. Who may change which log-in is decided in
# massagerx/accounts/admin.py.
ROLES = {
    "Front desk": {
        "bookings.accessnotes": SEE,
        "bookings.addressrule": KEEP,
        "bookings.arearequest": ("view", "change"),
        "bookings.booking": KEEP,
        "bookings.bookletrequest": ("view", "change"),
        "bookings.changerequest": ("view", "change"),
        "bookings.client": KEEP,
        "bookings.clientnote": ("view", "add"),
        "bookings.cliniciannote": ("view", "add"),
        "bookings.closure": SEE,
        "bookings.contactmessage": ("view", "change"),
        "bookings.driveoverride": ("view", "add", "delete"),
        "bookings.extrahours": SEE,
        "bookings.incident": ("view", "add"),
        "bookings.message": ("view", "change"),
        "bookings.pairing": ("view", "add", "delete"),
        "bookings.screeningrecord": SEE,
        "bookings.servicearea": SEE,
        "bookings.therapist": SEE,
        "bookings.timeoff": ALL,
        "bookings.visitpurpose": SEE,
        "bookings.workinghours": SEE,
        "bookings.zone": SEE,
    },
    "Owner": {
        "auth.user": KEEP,
        "blog.announcement": ALL,
        "blog.faqentry": ALL,
        "blog.homeblock": KEEP,
        "blog.oldaddress": ALL,
        "blog.page": KEEP,
        "blog.picture": ALL,
        "blog.post": ALL,
        "blog.tag": ALL,
        "blog.testimonial": ALL,
        "blog.video": ALL,
        "bookings.accessnotes": SEE,
        "bookings.addressrule": KEEP,
        "bookings.arearequest": ALL,
        "bookings.booking": (*KEEP, "view_reports"),
        "bookings.bookingrules": KEEP,
        "bookings.booklet": ALL,
        "bookings.bookletrequest": ALL,
        "bookings.changerequest": KEEP,
        "bookings.client": (*KEEP, "erase_client", "export_client"),
        "bookings.clientnote": ("view", "add"),
        "bookings.cliniciannote": ("view", "add"),
        "bookings.closure": ALL,
        "bookings.contactmessage": ALL,
        "bookings.driveoverride": ALL,
        "bookings.erasure": SEE,
        "bookings.extrahours": ALL,
        "bookings.healthaccess": SEE,
        "bookings.heardfrom": ALL,
        "bookings.incident": ("view", "add"),
        "bookings.message": KEEP,
        "bookings.messagesettings": KEEP,
        "bookings.notetemplate": ALL,
        "bookings.pairing": ("view", "add", "delete"),
        "bookings.photo": ALL,
        "bookings.safetycontact": ALL,
        "bookings.screeningrecord": SEE,
        "bookings.screeningversion": KEEP,
        "bookings.servicearea": ALL,
        "bookings.termsversion": KEEP,
        "bookings.therapist": ALL,
        "bookings.timeoff": ALL,
        "bookings.visitpurpose": SEE,
        "bookings.workinghours": ALL,
        "bookings.zone": ALL,
        "services.addon": ALL,
        "services.business": KEEP,
        "services.category": ALL,
        "services.service": ALL,
        "services.servicefaq": ALL,
        "services.serviceoption": ALL,
    },
    "Therapist": {
        "bookings.accessnotes": SEE,
        "bookings.booking": ("finish_own_visits", "view_own_visits"),
        "bookings.clientnote": SEE,
        "bookings.screeningrecord": SEE,
        "bookings.timeoff": ALL,
        "bookings.visitpurpose": SEE,
    },
    "Writer": {
        "blog.announcement": ALL,
        "blog.faqentry": ALL,
        "blog.homeblock": KEEP,
        "blog.oldaddress": ALL,
        "blog.page": KEEP,
        "blog.picture": ALL,
        "blog.post": ALL,
        "blog.tag": ALL,
        "blog.testimonial": ALL,
        "blog.video": ALL,
    },
}


def make_roles(apps, schema_editor):
    for name in ROLES:
        apps.get_model("auth", "Group").objects.get_or_create(name=name)
    give_rights(apps, ROLES)


def remove_roles(apps, schema_editor):
    """The accounts stay, without a role."""
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


# As `massagerx.lib.text_search` had them when this was written; a test compares them with what it has now. Quotes are
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

# `translate` looks through its whole list for each character, in which most texts have only what ASCII has of it.
FOLDED = f"""CASE WHEN octet_length($1) = length($1) THEN translate(lower($1), '{SPACES[:3]}{NOTHING[:3]}', '   ')
        ELSE translate(lower($1), '{LETTERS}{SPACES}{NOTHING}', '{PLAIN}{" " * len(SPACES)}') END"""

# Every ending of every word, each once: a part of a word is the beginning of one of them. The cost keeps the planner from
# working it out row by row. Not for parallel workers: it is hardly ever run, and they take 10 ms to start. In PL/pgSQL, which
# keeps its plan: what is in SQL is planned for each row that is written.
PARTS = f"""CREATE OR REPLACE FUNCTION massagerx_parts(text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED COST 300 AS $$
    DECLARE word text; parts text[] := '{{}}';
    BEGIN
        FOREACH word IN ARRAY string_to_array({FOLDED}, ' ') LOOP
            FOR place IN 1..length(word) LOOP parts := parts || substr(word, place); END LOOP;
        END LOOP;
        RETURN array_to_tsvector(parts);
    END $$"""

CREATE = [
    f"CREATE FUNCTION massagerx_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN {FOLDED}",
    PARTS,
    # What is new goes into the indexes at once: a list of what is to be put in later is read by every search.
    """CREATE INDEX booking_by_parts ON bookings_booking USING gin
    (massagerx_parts(reference || ' ' || contact_name || ' ' || recipient_name || ' ' || street))
    WITH (fastupdate = off)""",
    """CREATE INDEX client_by_parts ON bookings_client USING gin
    (massagerx_parts(name || ' ' || email || ' ' || phone)) WITH (fastupdate = off)""",
]
DROP = [
    "DROP INDEX client_by_parts",
    "DROP INDEX booking_by_parts",
    "DROP FUNCTION massagerx_parts(text)",
    "DROP FUNCTION massagerx_fold(text)",
]


def run(*statements):
    """What PostgreSQL alone is given."""

    def tell(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement, params=None)

    return tell


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("services", "0001_tables"),
        ("blog", "0001_tables"),
        ("bookings", "0001_tables"),
    ]

    operations = [
        migrations.RunPython(make_roles, remove_roles),
        migrations.RunPython(run(*CREATE), run(*DROP)),
    ]
