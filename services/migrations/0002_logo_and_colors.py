from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0001_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="business",
            name="logo",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=32, verbose_name="logo"
            ),
        ),
        migrations.AddField(
            model_name="business",
            name="logo_height",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="business",
            name="logo_width",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="business",
            name="main_color",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=7,
                verbose_name="color of links and marks",
            ),
        ),
        migrations.AddField(
            model_name="business",
            name="press_color",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=7,
                verbose_name="color of buttons",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="logo",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=32, verbose_name="logo"
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="logo_height",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="logo_width",
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="main_color",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=7,
                verbose_name="color of links and marks",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="press_color",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                max_length=7,
                verbose_name="color of buttons",
            ),
        ),
    ]
