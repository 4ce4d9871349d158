"""A block of the home page about training programs."""

from django.db import migrations, models

SLUGS = [
    ("hero", "First screen"),
    ("therapists", "Who comes"),
    ("services", "Services"),
    ("surgery", "After surgery"),
    ("visit", "A visit by the minute"),
    ("promises", "Promises"),
    ("reviews", "What clients say"),
    ("program", "Training program"),
    ("area", "Where we drive"),
    ("questions", "Questions"),
    ("posts", "From the blog"),
    ("closing", "The last word"),
]


class Migration(migrations.Migration):
    dependencies = [("blog", "0002_reviews_on_home")]

    operations = [
        migrations.AlterField(
            model_name="homeblock",
            name="slug",
            field=models.CharField(choices=SLUGS, max_length=10, unique=True, verbose_name="block"),
        ),
        migrations.AlterField(
            model_name="historicalhomeblock",
            name="slug",
            field=models.CharField(choices=SLUGS, db_index=True, max_length=10, verbose_name="block"),
        ),
    ]
