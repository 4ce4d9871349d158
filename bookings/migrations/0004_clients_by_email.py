"""Each press looks for clients by email alone; and databases from before get the quicker function of searches."""

from importlib import import_module

from django.db import migrations, models

search = import_module("bookings.migrations.0002_roles_and_search")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0003_reference_data")]

    operations = [
        migrations.AddIndex("client", models.Index(fields=["email"], name="client_by_email")),
        migrations.RunPython(search.run(search.PARTS), migrations.RunPython.noop),
    ]
