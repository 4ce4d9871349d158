"""What is added to the visits of a phase."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0002_rights"),
        ("services", "0001_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="coursephase",
            name="add_ons",
            field=models.ManyToManyField(
                blank=True,
                help_text="Added to each visit of the phase, with its minutes and price.",
                related_name="+",
                to="services.addon",
                verbose_name="add-ons",
            ),
        ),
    ]
