from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0002_logo_and_colors"),
    ]

    operations = [
        migrations.AddField(
            model_name="business",
            name="footer_headings",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Three lines, over the three lists of links. Blank: Visits, Good to know, The small print.",
                max_length=120,
                verbose_name="headings at the foot",
            ),
        ),
        migrations.AddField(
            model_name="business",
            name="footer_words",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Such as a license or what you stand for, above the line with the year. Plain text.",
                max_length=400,
                verbose_name="last words at the foot",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="footer_headings",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Three lines, over the three lists of links. Blank: Visits, Good to know, The small print.",
                max_length=120,
                verbose_name="headings at the foot",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="footer_words",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="Such as a license or what you stand for, above the line with the year. Plain text.",
                max_length=400,
                verbose_name="last words at the foot",
            ),
        ),
    ]
