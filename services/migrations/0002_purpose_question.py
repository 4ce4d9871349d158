from django.db import migrations, models


class Migration(migrations.Migration):
    services_stop = "A service asks what a visit is for."
    dependencies = [
        ("services", "0001_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="historicalservice",
            name="purpose_hint",
            field=models.CharField(
                blank=True,
                help_text="Such as which side, what to leave out, how firm, which sport, which goal.",
                max_length=240,
                verbose_name="hint below it",
            ),
        ),
        migrations.AddField(
            model_name="historicalservice",
            name="purpose_question",
            field=models.CharField(
                blank=True,
                help_text="Asked of who books; the therapist reads the answer before the door. Blank: “What is this visit for?”",
                max_length=120,
                verbose_name="question about the visit",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="purpose_hint",
            field=models.CharField(
                blank=True,
                help_text="Such as which side, what to leave out, how firm, which sport, which goal.",
                max_length=240,
                verbose_name="hint below it",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="purpose_question",
            field=models.CharField(
                blank=True,
                help_text="Asked of who books; the therapist reads the answer before the door. Blank: “What is this visit for?”",
                max_length=120,
                verbose_name="question about the visit",
            ),
        ),
    ]
