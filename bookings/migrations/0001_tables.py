import bookings.models.booking
import datetime
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import massagerx.lib.encryption
import massagerx.lib.overlap
import phonenumber_field.modelfields
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('services', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Booking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(default=bookings.models.booking.new_reference, max_length=12, unique=True, verbose_name='reference')),
                ('status', models.CharField(choices=[('requested', 'Requested'), ('confirmed', 'Confirmed'), ('completed', 'Completed'), ('no_show', 'No-show'), ('canceled', 'Canceled'), ('declined', 'Declined'), ('expired', 'Expired')], max_length=12, verbose_name='status')),
                ('contact_name', models.CharField(max_length=120, verbose_name='booked by')),
                ('recipient_name', models.CharField(blank=True, help_text='Blank: for the client.', max_length=120, verbose_name='visit is for')),
                ('people', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2)], verbose_name='people')),
                ('starts_at', models.DateTimeField(verbose_name='starts at')),
                ('ends_at', models.DateTimeField(verbose_name='ends at')),
                ('blocked_from', models.DateTimeField(verbose_name='therapist arrives at')),
                ('blocked_until', models.DateTimeField(verbose_name='therapist leaves at')),
                ('street', models.CharField(max_length=160, verbose_name='street address')),
                ('unit', models.CharField(blank=True, max_length=40, verbose_name='apartment or unit')),
                ('city', models.CharField(max_length=80, verbose_name='city')),
                ('access_type', models.CharField(choices=[('ground', 'Ground floor'), ('stairs', 'Stairs'), ('elevator', 'Elevator')], default='ground', max_length=10, verbose_name='way to the door')),
                ('treatment_cents', models.PositiveIntegerField(verbose_name='treatment, cents')),
                ('add_ons_cents', models.PositiveIntegerField(default=0, verbose_name='add-ons, cents')),
                ('travel_cents', models.PositiveIntegerField(default=0, verbose_name='travel, cents')),
                ('evening_cents', models.PositiveIntegerField(default=0, verbose_name='evening fee, cents')),
                ('total_cents', models.PositiveIntegerField(verbose_name='total, cents')),
                ('late_fee_cents', models.PositiveIntegerField(default=0, verbose_name='late fee, cents')),
                ('preference', models.CharField(default='any', max_length=80, verbose_name='therapist asked for')),
                ('agreed_at', models.DateTimeField(verbose_name='agreed at')),
                ('created_at', models.DateTimeField(verbose_name='requested at')),
                ('confirmed_at', models.DateTimeField(blank=True, null=True, verbose_name='confirmed at')),
                ('revision', models.PositiveIntegerField(default=0, verbose_name='revision')),
                ('submission_key', models.UUIDField(editable=False, unique=True)),
                ('submission_digest', models.CharField(editable=False, max_length=64)),
                ('add_ons', models.ManyToManyField(blank=True, related_name='+', to='services.addon', verbose_name='add-ons')),
                ('option', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.serviceoption', verbose_name='length')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.service', verbose_name='service')),
            ],
            options={
                'verbose_name': 'booking',
                'verbose_name_plural': 'bookings',
                'ordering': ['-starts_at'],
                'permissions': [('view_own_visits', 'Can view the visits that are their own to make'), ('finish_own_visits', 'Can say how visits that they may see ended'), ('view_reports', 'Can see reports and download bookings')],
            },
        ),
        migrations.CreateModel(
            name='BookingDraft',
            fields=[
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('answers', massagerx.lib.encryption.EncryptedJSONField(default=dict)),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='BookingEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('requested', 'Requested'), ('confirmed', 'Confirmed'), ('declined', 'Declined'), ('canceled', 'Canceled'), ('moved', 'Moved'), ('completed', 'Completed'), ('no_show', 'No-show'), ('expired', 'Expired'), ('cleared', "Clinician's note recorded"), ('edited', 'Details changed'), ('change_asked', 'Late change asked for'), ('refused', 'Late change refused'), ('rechecked', 'Health questions answered again')], max_length=12, verbose_name='what')),
                ('from_status', models.CharField(blank=True, choices=[('requested', 'Requested'), ('confirmed', 'Confirmed'), ('completed', 'Completed'), ('no_show', 'No-show'), ('canceled', 'Canceled'), ('declined', 'Declined'), ('expired', 'Expired')], max_length=12)),
                ('to_status', models.CharField(choices=[('requested', 'Requested'), ('confirmed', 'Confirmed'), ('completed', 'Completed'), ('no_show', 'No-show'), ('canceled', 'Canceled'), ('declined', 'Declined'), ('expired', 'Expired')], max_length=12)),
                ('at', models.DateTimeField(verbose_name='when')),
                ('by_client', models.BooleanField(default=False, verbose_name='by the client')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('moved_from', models.DateTimeField(blank=True, null=True, verbose_name='moved from')),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'history',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='BookingRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minimum_notice_minutes', models.PositiveIntegerField(default=240, help_text='A time sooner than this is not offered.', validators=[django.core.validators.MaxValueValidator(20160)], verbose_name='minimum notice, minutes')),
                ('horizon_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='booking horizon, days')),
                ('granularity_minutes', models.PositiveSmallIntegerField(choices=[(5, '5'), (10, '10'), (15, '15'), (20, '20'), (30, '30'), (60, '60')], default=30, verbose_name='a start every … minutes')),
                ('stairs_minutes', models.PositiveSmallIntegerField(default=5, help_text='Added before and again after a visit to an address with stairs, for carrying the table.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='stairs add, minutes')),
                ('elevator_minutes', models.PositiveSmallIntegerField(default=3, help_text='Added before and again after a visit to an address with an elevator.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='an elevator adds, minutes')),
                ('confirm_known_clients', models.BooleanField(default=True, help_text='A client who has had a visit, and whose screening is clear, needs no answer from staff.', verbose_name='confirm known clients at once')),
                ('request_expires_after_minutes', models.PositiveIntegerField(default=1440, validators=[django.core.validators.MinValueValidator(15), django.core.validators.MaxValueValidator(20160)], verbose_name='a request expires after, minutes')),
                ('open_requests_per_client', models.PositiveSmallIntegerField(default=6, validators=[django.core.validators.MinValueValidator(1)], verbose_name='open visits one client may have')),
                ('evening_starts_at', models.TimeField(default=datetime.time(18, 0), verbose_name='evening starts at')),
                ('evening_fee_cents', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='evening fee in cents')),
                ('cancel_notice_hours', models.PositiveSmallIntegerField(default=24, validators=[django.core.validators.MaxValueValidator(336)], verbose_name='free cancellation until, hours before')),
                ('area_requests_kept_days', models.PositiveSmallIntegerField(default=180, help_text='After that they are deleted, answered or not.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1095)], verbose_name='requests from outside our area are kept, days')),
                ('health_kept_months', models.PositiveSmallIntegerField(db_default=24, default=24, help_text="Counted from a client's last visit. After that the answers and clinicians' notes are deleted.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='health answers are kept, months')),
                ('late_fee_percent', models.PositiveSmallIntegerField(default=50, help_text='What the rules ask of a client who cancels or moves a visit later than that. Shown before they press; staff decide whether it is charged.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='late fee, percent of the total')),
                ('alert_email', models.EmailField(blank=True, help_text="Blank: to the business's email.", max_length=254, verbose_name='alerts to staff go to')),
            ],
            options={
                'verbose_name': 'booking rules',
                'verbose_name_plural': 'booking rules',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Booklet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file_name', models.CharField(max_length=120, verbose_name='file name')),
                ('content', models.BinaryField()),
                ('uploaded_at', models.DateTimeField(verbose_name='uploaded at')),
                ('is_sample', models.BooleanField(default=False, verbose_name='sample')),
            ],
            options={
                'verbose_name': 'booklet',
                'verbose_name_plural': 'booklet',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='BookletRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(max_length=254, verbose_name='email')),
                ('may_follow_up', models.BooleanField(default=False, verbose_name='may be written to later')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('submission_key', models.UUIDField(editable=False, unique=True)),
            ],
            options={
                'verbose_name': 'booklet request',
                'verbose_name_plural': 'booklet requests',
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ChangeRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('cancel', 'Cancel'), ('move', 'Move')], max_length=10, verbose_name='what')),
                ('wanted_starts_at', models.DateTimeField(blank=True, null=True, verbose_name='would like to start at')),
                ('preference', models.CharField(blank=True, default='', max_length=80, verbose_name='preferred therapist')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='why')),
                ('fee_cents', models.PositiveIntegerField(default=0, verbose_name='late fee, cents')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('state', models.CharField(choices=[('open', 'Waiting'), ('accepted', 'Done'), ('refused', 'Refused'), ('withdrawn', 'No longer needed')], default='open', max_length=10, verbose_name='state')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
            ],
            options={
                'verbose_name': 'late change',
                'verbose_name_plural': 'late changes',
                'ordering': ['-asked_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(help_text='Kept in lower case.', max_length=254, verbose_name='email')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(max_length=128, region='US', verbose_name='phone')),
                ('is_blocked', models.BooleanField(default=False, help_text='Requests from a blocked client always wait for staff.', verbose_name='blocked')),
                ('created_at', models.DateTimeField(verbose_name='first seen')),
                ('erased_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='erased at')),
            ],
            options={
                'verbose_name': 'client',
                'verbose_name_plural': 'clients',
                'ordering': ['name'],
                'permissions': [('export_client', 'Can download all that is held about a client'), ('erase_client', 'Can erase a client')],
            },
        ),
        migrations.CreateModel(
            name='ClientNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', massagerx.lib.encryption.EncryptedJSONField(verbose_name='note')),
                ('at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'verbose_name': 'note on a client',
                'verbose_name_plural': 'notes on clients',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ClinicianNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', massagerx.lib.encryption.EncryptedJSONField()),
                ('recorded_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': "clinician's note",
                'verbose_name_plural': "clinician's notes",
                'ordering': ['recorded_at'],
            },
        ),
        migrations.CreateModel(
            name='Closure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField(unique=True, verbose_name='date')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
            ],
            options={
                'verbose_name': 'closed day',
                'verbose_name_plural': 'closed days',
                'ordering': ['date'],
            },
        ),
        migrations.CreateModel(
            name='ContactMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(max_length=254, verbose_name='email')),
                ('phone', models.CharField(blank=True, max_length=40, verbose_name='phone')),
                ('body', massagerx.lib.encryption.EncryptedJSONField(verbose_name='message')),
                ('answer', massagerx.lib.encryption.EncryptedJSONField(blank=True, null=True, verbose_name='answer')),
                ('written_at', models.DateTimeField(verbose_name='written at')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('submission_key', models.UUIDField(editable=False, unique=True)),
            ],
            options={
                'verbose_name': 'message from the site',
                'verbose_name_plural': 'messages from the site',
                'ordering': ['-written_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='DriveOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(300)], verbose_name='minutes')),
                ('reason', models.CharField(help_text='Staff will read this later.', max_length=200, verbose_name='why')),
                ('at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'verbose_name': 'corrected drive',
                'verbose_name_plural': 'corrected drives',
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='DriveTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.TimeField(help_text='Los Angeles time', verbose_name='from the hour')),
                ('ends_at', models.TimeField(help_text='Los Angeles time; 00:00 is the end of the day', verbose_name='until the hour')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(300)], verbose_name='minutes')),
            ],
            options={
                'verbose_name': 'drive time',
                'verbose_name_plural': 'drive times',
                'ordering': ['origin', 'destination', 'starts_at'],
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visits', models.PositiveIntegerField(verbose_name='visits kept for the books')),
                ('at', models.DateTimeField(verbose_name='when')),
            ],
            options={
                'verbose_name': 'erased client',
                'verbose_name_plural': 'erased clients',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ExtraHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField(verbose_name='date')),
                ('starts_at', models.TimeField(verbose_name='from')),
                ('ends_at', models.TimeField(verbose_name='until')),
            ],
            options={
                'verbose_name': 'extra hours',
                'verbose_name_plural': 'extra hours',
                'ordering': ['date', 'starts_at'],
            },
        ),
        migrations.CreateModel(
            name='HealthAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('reason', models.CharField(max_length=120, verbose_name='why')),
            ],
            options={
                'verbose_name': 'access to health answers',
                'verbose_name_plural': 'health access log',
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalBookingRules',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('minimum_notice_minutes', models.PositiveIntegerField(default=240, help_text='A time sooner than this is not offered.', validators=[django.core.validators.MaxValueValidator(20160)], verbose_name='minimum notice, minutes')),
                ('horizon_days', models.PositiveSmallIntegerField(default=60, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='booking horizon, days')),
                ('granularity_minutes', models.PositiveSmallIntegerField(choices=[(5, '5'), (10, '10'), (15, '15'), (20, '20'), (30, '30'), (60, '60')], default=30, verbose_name='a start every … minutes')),
                ('stairs_minutes', models.PositiveSmallIntegerField(default=5, help_text='Added before and again after a visit to an address with stairs, for carrying the table.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='stairs add, minutes')),
                ('elevator_minutes', models.PositiveSmallIntegerField(default=3, help_text='Added before and again after a visit to an address with an elevator.', validators=[django.core.validators.MaxValueValidator(60)], verbose_name='an elevator adds, minutes')),
                ('confirm_known_clients', models.BooleanField(default=True, help_text='A client who has had a visit, and whose screening is clear, needs no answer from staff.', verbose_name='confirm known clients at once')),
                ('request_expires_after_minutes', models.PositiveIntegerField(default=1440, validators=[django.core.validators.MinValueValidator(15), django.core.validators.MaxValueValidator(20160)], verbose_name='a request expires after, minutes')),
                ('open_requests_per_client', models.PositiveSmallIntegerField(default=6, validators=[django.core.validators.MinValueValidator(1)], verbose_name='open visits one client may have')),
                ('evening_starts_at', models.TimeField(default=datetime.time(18, 0), verbose_name='evening starts at')),
                ('evening_fee_cents', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='evening fee in cents')),
                ('cancel_notice_hours', models.PositiveSmallIntegerField(default=24, validators=[django.core.validators.MaxValueValidator(336)], verbose_name='free cancellation until, hours before')),
                ('area_requests_kept_days', models.PositiveSmallIntegerField(default=180, help_text='After that they are deleted, answered or not.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(1095)], verbose_name='requests from outside our area are kept, days')),
                ('health_kept_months', models.PositiveSmallIntegerField(db_default=24, default=24, help_text="Counted from a client's last visit. After that the answers and clinicians' notes are deleted.", validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(240)], verbose_name='health answers are kept, months')),
                ('late_fee_percent', models.PositiveSmallIntegerField(default=50, help_text='What the rules ask of a client who cancels or moves a visit later than that. Shown before they press; staff decide whether it is charged.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='late fee, percent of the total')),
                ('alert_email', models.EmailField(blank=True, help_text="Blank: to the business's email.", max_length=254, verbose_name='alerts to staff go to')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical booking rules',
                'verbose_name_plural': 'historical booking rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalDriveTime',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('starts_at', models.TimeField(help_text='Los Angeles time', verbose_name='from the hour')),
                ('ends_at', models.TimeField(help_text='Los Angeles time; 00:00 is the end of the day', verbose_name='until the hour')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(300)], verbose_name='minutes')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical drive time',
                'verbose_name_plural': 'historical drive times',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalMessageSettings',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('reply_to', models.EmailField(blank=True, help_text="Blank: to the business's email.", max_length=254, verbose_name='answers go to')),
                ('signature', models.TextField(blank=True, help_text='The last lines of every message to a client.', max_length=400, verbose_name='signature')),
                ('first_reminder_hours', models.PositiveSmallIntegerField(default=48, help_text='0: no such reminder.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='first reminder, hours before')),
                ('last_reminder_hours', models.PositiveSmallIntegerField(default=3, help_text='0: no such reminder.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='last reminder, hours before')),
                ('recheck_hours', models.PositiveSmallIntegerField(default=24, help_text='0: they are not asked again.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='health questions again, hours before')),
                ('thanks_hours', models.PositiveSmallIntegerField(default=20, help_text='0: none is sent.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='thank-you, hours after')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical message settings',
                'verbose_name_plural': 'historical message settings',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalScreeningVersion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('number', models.PositiveIntegerField(db_index=True, verbose_name='version')),
                ('rules', models.JSONField(verbose_name='questions and rules')),
                ('approved_by', models.CharField(blank=True, help_text='The qualified therapist who checked these questions. Blank: not approved yet.', max_length=160, verbose_name='approved by')),
                ('published_at', models.DateTimeField(verbose_name='in force from')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical screening questions',
                'verbose_name_plural': 'historical screening questions',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalTermsVersion',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('number', models.PositiveIntegerField(db_index=True, verbose_name='version')),
                ('cancellation', models.TextField(verbose_name='cancellation policy')),
                ('consent', models.TextField(verbose_name='what the client agrees to')),
                ('published_at', models.DateTimeField(verbose_name='in force from')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical terms',
                'verbose_name_plural': 'historical terms',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalTherapist',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('slug', models.SlugField(verbose_name='slug')),
                ('gender', models.CharField(choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Another')], max_length=10, verbose_name='gender')),
                ('bio', models.TextField(blank=True, verbose_name='about')),
                ('certificate_number', models.CharField(help_text='Shown beside the name wherever we advertise, as the law asks.', max_length=40, verbose_name='CAMTC certificate number')),
                ('certificate_expires_on', models.DateField(blank=True, help_text='After this day the therapist is no longer shown or offered.', null=True, verbose_name='certificate expires on')),
                ('reach_minutes', models.PositiveSmallIntegerField(blank=True, help_text='The longest drive from home base. Blank: no limit.', null=True, validators=[django.core.validators.MaxValueValidator(300)], verbose_name='reach in minutes')),
                ('max_visits_per_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='visits a day at most')),
                ('max_work_minutes_per_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='treatment minutes a day at most')),
                ('break_minutes', models.PositiveSmallIntegerField(default=30, verbose_name='break in a long day, minutes')),
                ('break_after_minutes', models.PositiveSmallIntegerField(blank=True, help_text='Treatment minutes; a longer day needs the break. Blank: never.', null=True, verbose_name='a day is long after')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical therapist',
                'verbose_name_plural': 'historical therapists',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalZone',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', models.CharField(db_index=True, max_length=80, verbose_name='name')),
                ('travel_fee_cents', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='travel fee in cents')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical zone',
                'verbose_name_plural': 'historical zones',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('visit', 'One visit'), ('sign_in', 'All visits of an email address'), ('code', 'Address and health answers'), ('booklet', 'The booklet'), ('feed', "A therapist's calendar feed")], max_length=10)),
                ('nonce', models.CharField(max_length=43, unique=True)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('misses', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'link',
                'verbose_name_plural': 'links',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('received', 'Request received'), ('confirmed', 'Visit confirmed'), ('declined', 'Request declined'), ('moved', 'Visit moved'), ('canceled', 'Visit canceled'), ('expired', 'Request expired'), ('reminder_first', 'First reminder'), ('reminder_last', 'Last reminder'), ('recheck', 'Health questions again'), ('thanks', 'Thank-you'), ('change_refused', 'Late change refused'), ('sign_in', 'Sign-in link'), ('code', 'One-time code'), ('contact_answer', 'Answer to a message'), ('booklet', 'Booklet'), ('staff_alert', 'Alert to staff'), ('change_alert', 'Alert: late change asked for'), ('recheck_alert', 'Alert: health answers changed'), ('contact_alert', 'Alert: message from the site')], max_length=20, verbose_name='kind')),
                ('channel', models.CharField(choices=[('email', 'Email')], default='email', max_length=10, verbose_name='channel')),
                ('revision', models.PositiveIntegerField(default=0, verbose_name='revision')),
                ('state', models.CharField(choices=[('due', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('dropped', 'Dropped: no longer true'), ('unknown', 'Perhaps sent'), ('failed', 'Failed')], default='due', max_length=10, verbose_name='state')),
                ('due_at', models.DateTimeField(verbose_name='next due at')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('first_tried_at', models.DateTimeField(blank=True, null=True, verbose_name='first tried at')),
                ('lease', models.UUIDField(blank=True, editable=False, null=True)),
                ('leased_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('handed_over_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('uncertain_attempts', models.PositiveSmallIntegerField(default=0, editable=False, verbose_name='uncertain attempts')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent at')),
                ('message_uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('copy', massagerx.lib.encryption.EncryptedJSONField(editable=False, null=True)),
                ('created_at', models.DateTimeField(verbose_name='written at')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='MessageSettings',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reply_to', models.EmailField(blank=True, help_text="Blank: to the business's email.", max_length=254, verbose_name='answers go to')),
                ('signature', models.TextField(blank=True, help_text='The last lines of every message to a client.', max_length=400, verbose_name='signature')),
                ('first_reminder_hours', models.PositiveSmallIntegerField(default=48, help_text='0: no such reminder.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='first reminder, hours before')),
                ('last_reminder_hours', models.PositiveSmallIntegerField(default=3, help_text='0: no such reminder.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='last reminder, hours before')),
                ('recheck_hours', models.PositiveSmallIntegerField(default=24, help_text='0: they are not asked again.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='health questions again, hours before')),
                ('thanks_hours', models.PositiveSmallIntegerField(default=20, help_text='0: none is sent.', validators=[django.core.validators.MaxValueValidator(336)], verbose_name='thank-you, hours after')),
            ],
            options={
                'verbose_name': 'message settings',
                'verbose_name_plural': 'message settings',
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ScreeningRecheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answers', massagerx.lib.encryption.EncryptedJSONField()),
                ('tier', models.CharField(choices=[('clear', 'Clear'), ('caution', 'Clear, with a note to the therapist'), ('clearance', 'Needs a look before it is confirmed'), ('stop', 'Not online'), ('emergency', 'Emergency')], max_length=10, verbose_name='result')),
                ('evaluated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'health questions answered again',
                'verbose_name_plural': 'health questions answered again',
                'ordering': ['-evaluated_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ScreeningVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='version')),
                ('rules', models.JSONField(verbose_name='questions and rules')),
                ('approved_by', models.CharField(blank=True, help_text='The qualified therapist who checked these questions. Blank: not approved yet.', max_length=160, verbose_name='approved by')),
                ('published_at', models.DateTimeField(verbose_name='in force from')),
            ],
            options={
                'verbose_name': 'screening questions',
                'verbose_name_plural': 'screening questions',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='ServiceArea',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('zip_code', models.CharField(max_length=5, unique=True, validators=[django.core.validators.RegexValidator('^[0-9]{5}$', 'Five digits.')], verbose_name='ZIP code')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='city')),
                ('latitude', models.FloatField(blank=True, null=True, verbose_name='latitude')),
                ('longitude', models.FloatField(blank=True, null=True, verbose_name='longitude')),
                ('is_active', models.BooleanField(default=True, verbose_name='served')),
            ],
            options={
                'verbose_name': 'ZIP code',
                'verbose_name_plural': 'ZIP codes',
                'ordering': ['zip_code'],
            },
        ),
        migrations.CreateModel(
            name='TermsVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True, verbose_name='version')),
                ('cancellation', models.TextField(verbose_name='cancellation policy')),
                ('consent', models.TextField(verbose_name='what the client agrees to')),
                ('published_at', models.DateTimeField(verbose_name='in force from')),
            ],
            options={
                'verbose_name': 'terms',
                'verbose_name_plural': 'terms',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='Therapist',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('slug', models.SlugField(unique=True, verbose_name='slug')),
                ('gender', models.CharField(choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Another')], max_length=10, verbose_name='gender')),
                ('bio', models.TextField(blank=True, verbose_name='about')),
                ('certificate_number', models.CharField(help_text='Shown beside the name wherever we advertise, as the law asks.', max_length=40, verbose_name='CAMTC certificate number')),
                ('certificate_expires_on', models.DateField(blank=True, help_text='After this day the therapist is no longer shown or offered.', null=True, verbose_name='certificate expires on')),
                ('reach_minutes', models.PositiveSmallIntegerField(blank=True, help_text='The longest drive from home base. Blank: no limit.', null=True, validators=[django.core.validators.MaxValueValidator(300)], verbose_name='reach in minutes')),
                ('max_visits_per_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='visits a day at most')),
                ('max_work_minutes_per_day', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='treatment minutes a day at most')),
                ('break_minutes', models.PositiveSmallIntegerField(default=30, verbose_name='break in a long day, minutes')),
                ('break_after_minutes', models.PositiveSmallIntegerField(blank=True, help_text='Treatment minutes; a longer day needs the break. Blank: never.', null=True, verbose_name='a day is long after')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'therapist',
                'verbose_name_plural': 'therapists',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='TimeOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_at', models.DateTimeField(verbose_name='from')),
                ('ends_at', models.DateTimeField(verbose_name='until')),
                ('reason', models.CharField(blank=True, help_text='Seen by staff only.', max_length=120, verbose_name='reason')),
            ],
            options={
                'verbose_name': 'time off',
                'verbose_name_plural': 'time off',
                'ordering': ['-starts_at'],
            },
        ),
        migrations.CreateModel(
            name='WorkingHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], verbose_name='day')),
                ('starts_at', models.TimeField(verbose_name='from')),
                ('ends_at', models.TimeField(verbose_name='until')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='first day')),
                ('valid_until', models.DateField(blank=True, null=True, verbose_name='last day')),
            ],
            options={
                'verbose_name': 'working hours',
                'verbose_name_plural': 'working hours',
                'ordering': ['therapist', 'weekday', 'starts_at'],
            },
        ),
        migrations.CreateModel(
            name='Zone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('travel_fee_cents', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='travel fee in cents')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'zone',
                'verbose_name_plural': 'zones',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='AccessNotes',
            fields=[
                ('booking', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='access', serialize=False, to='bookings.booking')),
                ('notes', massagerx.lib.encryption.EncryptedJSONField(default=dict)),
            ],
            options={
                'verbose_name': 'access notes',
                'verbose_name_plural': 'access notes',
            },
        ),
        migrations.CreateModel(
            name='ScreeningRecord',
            fields=[
                ('booking', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='screening', serialize=False, to='bookings.booking')),
                ('answers', massagerx.lib.encryption.EncryptedJSONField()),
                ('tier', models.CharField(choices=[('clear', 'Clear'), ('caution', 'Clear, with a note to the therapist'), ('clearance', 'Needs a look before it is confirmed'), ('stop', 'Not online'), ('emergency', 'Emergency')], max_length=10, verbose_name='result')),
                ('evaluated_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'health screening',
                'verbose_name_plural': 'health screenings',
            },
        ),
        migrations.CreateModel(
            name='AreaRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region='US', verbose_name='phone')),
                ('zip_code', models.CharField(max_length=5, verbose_name='ZIP code')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='note')),
                ('agreed_at', models.DateTimeField(verbose_name='agreed to be contacted')),
                ('created_at', models.DateTimeField(verbose_name='asked')),
                ('is_answered', models.BooleanField(default=False, verbose_name='answered')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='services.service', verbose_name='service')),
            ],
            options={
                'verbose_name': 'request from outside our area',
                'verbose_name_plural': 'requests from outside our area',
                'ordering': ['is_answered', 'created_at'],
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('draft', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='hold', serialize=False, to='bookings.bookingdraft')),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('blocked_from', models.DateTimeField()),
                ('blocked_until', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('is_extended', models.BooleanField(default=False)),
                ('source', models.CharField(max_length=64)),
                ('place', models.PositiveSmallIntegerField()),
            ],
            options={
                'verbose_name': 'hold',
                'verbose_name_plural': 'holds',
            },
        ),
        migrations.AddIndex(
            model_name='bookingdraft',
            index=models.Index(fields=['updated_at'], name='bookingdraft_by_age'),
        ),
        migrations.AddField(
            model_name='bookingevent',
            name='actor',
            field=models.ForeignKey(blank=True, help_text='Blank: the client, or the site by itself.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who'),
        ),
        migrations.AddField(
            model_name='bookingevent',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='bookings.booking'),
        ),
        migrations.AddConstraint(
            model_name='bookingrules',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='bookingrules_single_row'),
        ),
        migrations.AddConstraint(
            model_name='booklet',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='booklet_single_row'),
        ),
        migrations.AddField(
            model_name='changerequest',
            name='answered_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddField(
            model_name='changerequest',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='change_requests', to='bookings.booking'),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(fields=['phone'], name='client_by_phone'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.UniqueConstraint(condition=models.Q(('erased_at', None)), fields=('email', 'phone'), name='client_one_per_email_and_phone'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at', None), models.Q(('email', ''), ('is_blocked', False), ('name', 'Erased client'), ('phone', '')), _connector='OR'), name='client_erased_is_nobody'),
        ),
        migrations.AddField(
            model_name='booking',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to='bookings.client', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='clientnote',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who'),
        ),
        migrations.AddField(
            model_name='clientnote',
            name='client',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='bookings.client', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='cliniciannote',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='clinician_notes', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='cliniciannote',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='contactmessage',
            name='answered_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='answered by'),
        ),
        migrations.AddField(
            model_name='driveoverride',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who'),
        ),
        migrations.AddField(
            model_name='driveoverride',
            name='from_booking',
            field=models.ForeignKey(blank=True, help_text="Blank: from the therapist's home.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='drives_onward', to='bookings.booking', verbose_name='from the visit'),
        ),
        migrations.AddField(
            model_name='driveoverride',
            name='to_booking',
            field=models.ForeignKey(blank=True, help_text="Blank: to the therapist's home.", null=True, on_delete=django.db.models.deletion.CASCADE, related_name='drives_here', to='bookings.booking', verbose_name='to the visit'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who'),
        ),
        migrations.AddField(
            model_name='erasure',
            name='client',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='erasure', to='bookings.client', verbose_name='client'),
        ),
        migrations.AddField(
            model_name='healthaccess',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='health_accesses', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='healthaccess',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who'),
        ),
        migrations.AddField(
            model_name='historicalbookingrules',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicaldrivetime',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalmessagesettings',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalscreeningversion',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicaltermsversion',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicaltherapist',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicaltherapist',
            name='user',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='log-in'),
        ),
        migrations.AddField(
            model_name='historicalzone',
            name='history_user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='link',
            name='booking',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='link',
            name='booklet_request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='bookings.bookletrequest'),
        ),
        migrations.AddField(
            model_name='message',
            name='booking',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='message',
            name='booklet_request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='bookings.bookletrequest'),
        ),
        migrations.AddField(
            model_name='message',
            name='contact_message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='bookings.contactmessage'),
        ),
        migrations.AddField(
            model_name='message',
            name='link',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='bookings.link'),
        ),
        migrations.AddConstraint(
            model_name='messagesettings',
            constraint=models.CheckConstraint(condition=models.Q(('pk', 1)), name='messagesettings_single_row'),
        ),
        migrations.AddField(
            model_name='screeningrecheck',
            name='booking',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rechecks', to='bookings.booking'),
        ),
        migrations.AddField(
            model_name='screeningrecheck',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.screeningversion'),
        ),
        migrations.AddField(
            model_name='historicaltherapist',
            name='home_zip',
            field=models.ForeignKey(blank=True, db_constraint=False, help_text="Where the day's first drive starts and the last one ends. Never shown.", null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='bookings.servicearea', verbose_name='home base ZIP code'),
        ),
        migrations.AddField(
            model_name='booking',
            name='area',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to='bookings.servicearea', verbose_name='ZIP code'),
        ),
        migrations.AddField(
            model_name='booking',
            name='terms_version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.termsversion', verbose_name='terms agreed to'),
        ),
        migrations.AddField(
            model_name='therapist',
            name='home_zip',
            field=models.ForeignKey(help_text="Where the day's first drive starts and the last one ends. Never shown.", on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.servicearea', verbose_name='home base ZIP code'),
        ),
        migrations.AddField(
            model_name='therapist',
            name='services',
            field=models.ManyToManyField(blank=True, related_name='therapists', to='services.service', verbose_name='qualified for'),
        ),
        migrations.AddField(
            model_name='therapist',
            name='user',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='therapist', to=settings.AUTH_USER_MODEL, verbose_name='log-in'),
        ),
        migrations.AddField(
            model_name='link',
            name='therapist',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='bookings.therapist'),
        ),
        migrations.AddField(
            model_name='extrahours',
            name='therapist',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='extra_hours', to='bookings.therapist'),
        ),
        migrations.AddField(
            model_name='bookingevent',
            name='moved_from_therapist',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.therapist'),
        ),
        migrations.AddField(
            model_name='booking',
            name='therapist',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to='bookings.therapist', verbose_name='therapist'),
        ),
        migrations.AddField(
            model_name='timeoff',
            name='therapist',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='time_off', to='bookings.therapist'),
        ),
        migrations.AddField(
            model_name='workinghours',
            name='therapist',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='working_hours', to='bookings.therapist'),
        ),
        migrations.AddField(
            model_name='servicearea',
            name='zone',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='zips', to='bookings.zone', verbose_name='zone'),
        ),
        migrations.AddField(
            model_name='historicaldrivetime',
            name='destination',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='bookings.zone', verbose_name='to'),
        ),
        migrations.AddField(
            model_name='historicaldrivetime',
            name='origin',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='bookings.zone', verbose_name='from'),
        ),
        migrations.AddField(
            model_name='drivetime',
            name='destination',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drives_to', to='bookings.zone', verbose_name='to'),
        ),
        migrations.AddField(
            model_name='drivetime',
            name='origin',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drives_from', to='bookings.zone', verbose_name='from'),
        ),
        migrations.AddField(
            model_name='screeningrecord',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='bookings.screeningversion'),
        ),
        migrations.AddIndex(
            model_name='arearequest',
            index=models.Index(fields=['created_at'], name='arearequest_by_age'),
        ),
        migrations.AddConstraint(
            model_name='arearequest',
            constraint=models.UniqueConstraint(condition=models.Q(('is_answered', False)), fields=('email', 'phone', 'zip_code'), name='arearequest_one_open'),
        ),
        migrations.AddConstraint(
            model_name='arearequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('email', ''), _negated=True), models.Q(('phone', ''), _negated=True), _connector='OR'), name='arearequest_can_be_answered'),
        ),
        migrations.AddField(
            model_name='hold',
            name='area',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='bookings.servicearea'),
        ),
        migrations.AddField(
            model_name='hold',
            name='therapist',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='bookings.therapist'),
        ),
        migrations.AddConstraint(
            model_name='changerequest',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('booking',), name='changerequest_one_open'),
        ),
        migrations.AddConstraint(
            model_name='changerequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'move'), ('wanted_starts_at__isnull', False)), models.Q(('kind', 'cancel'), ('wanted_starts_at__isnull', True)), _connector='OR'), name='changerequest_move_has_a_start'),
        ),
        migrations.AddConstraint(
            model_name='driveoverride',
            constraint=models.UniqueConstraint(fields=('from_booking', 'to_booking'), name='driveoverride_one_per_pair', violation_error_message='This drive has been corrected already: delete that correction first.'),
        ),
        migrations.AddConstraint(
            model_name='driveoverride',
            constraint=models.UniqueConstraint(condition=models.Q(('from_booking', None)), fields=('to_booking',), name='driveoverride_one_from_home', violation_error_message='This drive has been corrected already: delete that correction first.'),
        ),
        migrations.AddConstraint(
            model_name='driveoverride',
            constraint=models.UniqueConstraint(condition=models.Q(('to_booking', None)), fields=('from_booking',), name='driveoverride_one_to_home', violation_error_message='This drive has been corrected already: delete that correction first.'),
        ),
        migrations.AddConstraint(
            model_name='driveoverride',
            constraint=models.CheckConstraint(condition=models.Q(('from_booking__isnull', False), ('to_booking__isnull', False), _connector='OR'), name='driveoverride_has_a_visit', violation_error_message='Choose at least one visit.'),
        ),
        migrations.AddConstraint(
            model_name='driveoverride',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='driveoverride_has_a_reason'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state__in', ['due', 'sending', 'unknown'])), fields=['due_at'], name='message_waiting'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('booking', 'kind', 'revision'), name='message_one_per_revision'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('link', 'kind', 'revision'), name='message_one_per_link'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('contact_message', 'kind'), name='message_one_per_contact'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('booklet_request', 'kind'), name='message_one_per_booklet'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['due', 'sending', 'sent', 'dropped', 'unknown', 'failed'])), name='message_state_known'),
        ),
        migrations.AddConstraint(
            model_name='screeningrecheck',
            constraint=models.CheckConstraint(condition=models.Q(('tier__in', ['clear', 'caution', 'clearance', 'stop', 'emergency'])), name='recheck_tier_known'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(fields=['expires_at'], name='link_by_expiry'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'feed'), ('revoked_at', None)), fields=('therapist',), name='link_one_live_feed'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.UniqueConstraint(condition=models.Q(('purpose', 'visit'), ('revoked_at', None)), fields=('booking',), name='link_one_live_per_visit'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('booking__isnull', False), ('expires_at__isnull', False), ('purpose', 'visit')), models.Q(('purpose', 'feed'), ('therapist__isnull', False)), models.Q(('booklet_request__isnull', False), ('expires_at__isnull', False), ('purpose', 'booklet')), models.Q(('expires_at__isnull', False), ('purpose__in', ['sign_in', 'code']), models.Q(('email', ''), _negated=True)), _connector='OR'), name='link_fits_its_purpose'),
        ),
        migrations.AddConstraint(
            model_name='extrahours',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at', datetime.time(0, 0)), _connector='OR'), name='extrahours_end_after_start', violation_error_message='The hours must end after they start; 00:00 is the end of the day.'),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(fields=['therapist', 'blocked_from'], name='booking_by_therapist_time'),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(fields=['status', 'created_at'], name='booking_by_status_age'),
        ),
        migrations.AddIndex(
            model_name='booking',
            index=models.Index(fields=['starts_at'], name='booking_by_start'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=massagerx.lib.overlap.NoOverlap(active_field='status', active_values=('requested', 'confirmed', 'completed', 'no_show'), end='blocked_until', name='booking_no_overlap', resource='therapist', start='blocked_from', violation_error_message='The therapist already has a visit at that time.'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(('blocked_from__lte', models.F('starts_at')), ('ends_at__lte', models.F('blocked_until')), ('starts_at__lt', models.F('ends_at'))), name='booking_times_in_order'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(('total_cents', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('treatment_cents'), '+', models.F('add_ons_cents')), '+', models.F('travel_cents')), '+', models.F('evening_cents')))), name='booking_total_is_sum'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(('people__gte', 1), ('people__lte', 2)), name='booking_people_in_range'),
        ),
        migrations.AddConstraint(
            model_name='booking',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['requested', 'confirmed', 'completed', 'no_show', 'canceled', 'declined', 'expired'])), name='booking_status_known'),
        ),
        migrations.AddIndex(
            model_name='timeoff',
            index=models.Index(fields=['therapist', 'ends_at'], name='timeoff_by_end'),
        ),
        migrations.AddConstraint(
            model_name='timeoff',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='timeoff_end_after_start', violation_error_message='Time off must end after it starts.'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at', datetime.time(0, 0)), _connector='OR'), name='workinghours_end_after_start', violation_error_message='The hours must end after they start; 00:00 is the end of the day.'),
        ),
        migrations.AddConstraint(
            model_name='workinghours',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from', None), ('valid_until', None), ('valid_until__gte', models.F('valid_from')), _connector='OR'), name='workinghours_dates_in_order', violation_error_message="The last day can't be before the first day."),
        ),
        migrations.AddConstraint(
            model_name='drivetime',
            constraint=models.UniqueConstraint(fields=('origin', 'destination', 'starts_at'), name='drivetime_one_per_band_start'),
        ),
        migrations.AddConstraint(
            model_name='drivetime',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at', datetime.time(0, 0)), _connector='OR'), name='drivetime_ends_after_start', violation_error_message='The hours must end after they start; 00:00 is the end of the day.'),
        ),
        migrations.AddConstraint(
            model_name='screeningrecord',
            constraint=models.CheckConstraint(condition=models.Q(('tier__in', ['clear', 'caution', 'clearance', 'stop', 'emergency'])), name='screening_tier_known'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['therapist', 'blocked_from'], name='hold_by_therapist_time'),
        ),
        migrations.AddIndex(
            model_name='hold',
            index=models.Index(fields=['expires_at'], name='hold_by_expiry'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.UniqueConstraint(fields=('source', 'place'), name='hold_few_per_source'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('place__lt', 3)), name='hold_place_in_range'),
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('blocked_from__lte', models.F('starts_at')), ('ends_at__lte', models.F('blocked_until')), ('starts_at__lt', models.F('ends_at'))), name='hold_times_in_order'),
        ),
    ]
