from django.db import migrations

import massagerx.lib.encryption


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_messages_and_self_service"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="copy",
            field=massagerx.lib.encryption.EncryptedJSONField(editable=False, null=True),
        ),
    ]
