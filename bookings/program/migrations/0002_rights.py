"""What each role may do with the app's models."""

from django.db import migrations

from massagerx.lib.roles import ALL, KEEP, SEE, giving

RIGHTS = {
    "Front desk": {
        "program.exercise": SEE,
        "program.exercisepicture": SEE,
        "program.program": KEEP,
        "program.programtemplate": SEE,
        "program.templateexercise": SEE,
    },
    "Owner": {
        "program.exercise": ALL,
        "program.exercisepicture": ALL,
        "program.program": KEEP,
        "program.programtemplate": ALL,
        "program.templateexercise": ALL,
    },
    "Therapist": {
        "program.program": KEEP,
    },
}


class Migration(migrations.Migration):
    dependencies = [("program", "0001_tables"), ("bookings", "0002_roles_and_search")]

    operations = [giving(RIGHTS)]
