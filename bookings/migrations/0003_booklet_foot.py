"""What stands at the foot of the booklet's pages, so that it is made anew when that changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_roles_and_search")]

    operations = [
        migrations.AddField(
            model_name="booklet",
            name="foot",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=200),
        ),
    ]
