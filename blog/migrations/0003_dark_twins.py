"""A cover may have a dark twin."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("blog", "0002_home_blocks")]

    operations = [
        migrations.AddField(
            model_name="picture",
            name="dark",
            field=models.ForeignKey(
                blank=True,
                help_text="As a cover, shown in its place on devices that are set to dark. Without one it is dimmed.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="blog.picture",
                verbose_name="its dark twin",
            ),
        ),
    ]
