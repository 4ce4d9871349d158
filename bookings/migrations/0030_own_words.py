"""The owner’s sentences in emails."""

from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "Message settings hold words of the owner's."
    dependencies = [
        ("bookings", "0029_therapist_phone"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalmessagesettings",
            name="own_words",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="own words"),
        ),
        migrations.AddField(
            model_name="messagesettings",
            name="own_words",
            field=models.JSONField(blank=True, default=dict, editable=False, verbose_name="own words"),
        ),
    ]
