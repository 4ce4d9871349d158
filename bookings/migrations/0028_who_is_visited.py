"""Phone and language of the person who is visited, and who pays."""

import phonenumber_field.modelfields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0027_program_links")]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="recipient_phone",
            field=phonenumber_field.modelfields.PhoneNumberField(
                blank=True,
                db_default="",
                default="",
                max_length=128,
                region="US",
                verbose_name="phone at the door",
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="recipient_language",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=40, verbose_name="language they speak"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="payer_name",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=120, verbose_name="who pays"
            ),
        ),
    ]
