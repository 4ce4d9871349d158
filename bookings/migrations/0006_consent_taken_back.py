"""That who is visited may take their consent back, and that who booked is told."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0005_told_once"),
    ]

    operations = [
        migrations.AddField(
            model_name="ownconsent",
            name="taken_back_at",
            field=models.DateTimeField(null=True, verbose_name="taken back at"),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("received", "Request received"),
                    ("health_asked", "Health questions sent"),
                    ("health_reminder", "Health questions, once more"),
                    ("confirmed", "Visit confirmed"),
                    ("declined", "Request declined"),
                    ("together", "Visits booked together"),
                    ("moved", "Visit moved"),
                    ("canceled", "Visit canceled"),
                    ("expired", "Request expired"),
                    ("reminder_first", "First reminder"),
                    ("reminder_last", "Last reminder"),
                    ("recheck", "Health questions again"),
                    ("thanks", "Thank-you"),
                    ("on_the_way", "On the way"),
                    ("change_refused", "Late move refused"),
                    ("late_fee", "Late fee decided"),
                    ("no_show", "Nobody opened"),
                    ("consent_back", "Consent taken back"),
                    ("sign_in", "Sign-in link"),
                    ("code", "One-time code"),
                    ("contact_answer", "Answer to a message"),
                    ("booklet", "Booklet"),
                    ("referred", "Course prepared by an office"),
                    ("program", "Training program made"),
                    ("program_reminder", "Training program: reminder"),
                    ("review", "Review asked for"),
                    ("time_off", "Time off answered"),
                    ("invited", "Link to set a password"),
                    ("staff_alert", "Alert to staff"),
                    ("change_alert", "Alert: late move asked for"),
                    ("recheck_alert", "Alert: health answers changed"),
                    ("contact_alert", "Alert: message from the site"),
                    ("stranded_alert", "Alert: visit can’t be kept"),
                    ("morning", "Morning: visits not closed"),
                    ("check_in", "Check-in: are you all right?"),
                    ("check_in_alert", "Alert: somebody at a door doesn’t answer"),
                ],
                max_length=20,
                verbose_name="kind",
            ),
        ),
        migrations.AlterField(
            model_name="ownconsent",
            name="agreed_at",
            field=models.DateTimeField(null=True, verbose_name="agreed at"),
        ),
    ]
