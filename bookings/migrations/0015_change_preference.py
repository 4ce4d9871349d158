from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0014_roles")]

    operations = [
        migrations.AddField(
            model_name="changerequest",
            name="preference",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="preferred therapist"),
        ),
    ]
