from django.db import migrations


class Migration(migrations.Migration):
    """Posts' versions were copied by the migration before this one, and nothing reads this table any more."""

    dependencies = [("blog", "0003_histories")]

    operations = [migrations.DeleteModel(name="PostRevision")]
