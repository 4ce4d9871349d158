"""Training programs have links, and looks at them are logged."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0026_invitations"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="healthaccess",
            name="healthaccess_what_known",
        ),
        migrations.RemoveConstraint(
            model_name="link",
            name="link_fits_its_purpose",
        ),
        migrations.AlterField(
            model_name="healthaccess",
            name="what",
            field=models.CharField(
                choices=[
                    ("answers", "Health answers"),
                    ("purpose", "What the visit is for"),
                    ("program", "The training program"),
                ],
                default="answers",
                max_length=10,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="link",
            name="purpose",
            field=models.CharField(
                choices=[
                    ("visit", "One visit"),
                    ("sign_in", "All visits of an email address"),
                    ("code", "Address and health answers"),
                    ("booklet", "The booklet"),
                    ("feed", "A therapist's calendar feed"),
                    ("office", "An office’s page for its patients"),
                    ("referral", "A course that an office prepared"),
                    ("program", "A client’s training program"),
                    ("password", "A password of a member of staff"),
                ],
                max_length=10,
            ),
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
                    ("sign_in", "Sign-in link"),
                    ("code", "One-time code"),
                    ("contact_answer", "Answer to a message"),
                    ("booklet", "Booklet"),
                    ("referred", "Course prepared by an office"),
                    ("program", "Training program made"),
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
        migrations.AddConstraint(
            model_name="healthaccess",
            constraint=models.CheckConstraint(
                condition=models.Q(("what__in", ["answers", "purpose", "program"])),
                name="healthaccess_what_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="link",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("expires_at__isnull", False), ("purpose", "visit")),
                    models.Q(("purpose", "feed"), ("therapist__isnull", False)),
                    ("purpose", "office"),
                    models.Q(
                        ("booking__isnull", False), ("expires_at__isnull", False), ("purpose", "program")
                    ),
                    models.Q(
                        ("booklet_request__isnull", False),
                        ("expires_at__isnull", False),
                        ("purpose", "booklet"),
                    ),
                    models.Q(
                        ("expires_at__isnull", False),
                        ("purpose", "password"),
                        ("user__isnull", False),
                        models.Q(("email", ""), _negated=True),
                    ),
                    models.Q(
                        ("expires_at__isnull", False),
                        ("purpose__in", ["sign_in", "code", "referral"]),
                        models.Q(("email", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="link_fits_its_purpose",
            ),
        ),
    ]
