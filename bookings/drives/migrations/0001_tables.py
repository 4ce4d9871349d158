import datetime
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from massagerx.lib.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ('bookings', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [CreateModels([
        migrations.CreateModel(
            name='DriveEdition',
            fields=[
                ('key', models.BigIntegerField(primary_key=True, serialize=False)),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('made_from', models.CharField(max_length=64)),
                ('basis', models.TextField()),
            ],
            options={
                'verbose_name': 'edition of drives',
                'verbose_name_plural': 'editions of drives',
            },
        ),
        migrations.CreateModel(
            name='DriveRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('care_percent', models.PositiveSmallIntegerField(default=80, help_text='Of a hundred drives, this many should take no longer than planned. 80 is what most of us would plan with; more offers fewer times, and keeps more of them.', validators=[django.core.validators.MinValueValidator(50), django.core.validators.MaxValueValidator(95)], verbose_name='how careful')),
                ('terminal_minutes', models.PositiveSmallIntegerField(default=4, help_text='For each drive: the way to the car, parking, and finding the door.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20)], verbose_name='minutes beside the road')),
                ('lengthen_by_itself', models.BooleanField(default=False, help_text="When drives between two zones keep taking longer than planned, the plan is made longer every night. It is never made shorter without somebody's press.", verbose_name='plan longer by itself')),
            ],
            options={
                'verbose_name': 'rules for drives',
                'verbose_name_plural': 'rules for drives',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='driverules_single_row')],
            },
        ),
        migrations.CreateModel(
            name='RoadTime',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(max_length=5, verbose_name='from')),
                ('destination', models.CharField(max_length=5, verbose_name='to')),
                ('seconds', models.FloatField(null=True, verbose_name='seconds')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('asked_of', models.CharField(editable=False, max_length=16)),
                ('is_doubtful', models.BooleanField(default=False, verbose_name='far from our own figure')),
            ],
            options={
                'verbose_name': 'answer of the routing server',
                'verbose_name_plural': 'answers of the routing server',
                'ordering': ['origin', 'destination'],
                'constraints': [models.UniqueConstraint(fields=('origin', 'destination'), name='roadtime_one_per_pair'), models.CheckConstraint(condition=models.Q(('seconds', None), models.Q(('seconds__gte', 0), ('seconds__lte', 18000.0)), _connector='OR'), name='roadtime_seconds')],
            },
        ),
        migrations.CreateModel(
            name='DriveCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.CharField(choices=[('weekdays', 'Monday to Friday'), ('weekend', 'Saturday and Sunday')], default='weekdays', max_length=8, verbose_name='days')),
                ('starts_at', models.TimeField(default=datetime.time(0, 0), help_text='Full and half hours, Los Angeles time.', verbose_name='leaving from')),
                ('ends_at', models.TimeField(default=datetime.time(0, 0), help_text='00:00 is the end of the day.', verbose_name='leaving before')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(300)], verbose_name='minutes, door to door')),
                ('both_ways', models.BooleanField(default=True, help_text='Unless something else is said of the way back in the same hours.', verbose_name='the way back too')),
                ('destination', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections_to', to='bookings.zone', verbose_name='to')),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='corrections_from', to='bookings.zone', verbose_name='from')),
            ],
            options={
                'verbose_name': 'correction of drives',
                'verbose_name_plural': 'corrections of drives',
                'ordering': ['origin', 'destination', 'days', 'starts_at'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at', datetime.time(0, 0)), _connector='OR'), name='drivecorrection_ends_after_start', violation_error_message='The hours must end after they start; 00:00 is the end of the day.'), models.CheckConstraint(condition=models.Q(('minutes__gte', 1), ('minutes__lte', 300)), name='drivecorrection_minutes'), models.UniqueConstraint(fields=('origin', 'destination', 'days', 'starts_at'), name='drivecorrection_one_per_band_start')],
            },
        ),
        migrations.CreateModel(
            name='DriveEstimate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(max_length=5, verbose_name='from')),
                ('destination', models.CharField(max_length=5, verbose_name='to')),
                ('profile', models.CharField(choices=[('weekday', 'weekday'), ('saturday', 'saturday'), ('sunday', 'sunday')], max_length=8, verbose_name='kind of day')),
                ('careful', models.CharField(max_length=200)),
                ('quick', models.CharField(max_length=200)),
                ('edition', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='estimates', to='drives.driveedition')),
            ],
            options={
                'verbose_name': 'drive',
                'verbose_name_plural': 'drives',
                'constraints': [models.UniqueConstraint(fields=('edition', 'origin', 'destination', 'profile'), name='driveestimate_one_per_pair')],
            },
        ),
        migrations.CreateModel(
            name='FixedDrive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.CharField(choices=[('weekdays', 'Monday to Friday'), ('weekend', 'Saturday and Sunday')], default='weekdays', max_length=8, verbose_name='days')),
                ('starts_at', models.TimeField(default=datetime.time(0, 0), help_text='Full and half hours, Los Angeles time.', verbose_name='leaving from')),
                ('ends_at', models.TimeField(default=datetime.time(0, 0), help_text='00:00 is the end of the day.', verbose_name='leaving before')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(300)], verbose_name='minutes, door to door')),
                ('both_ways', models.BooleanField(default=True, help_text='Unless something else is said of the way back in the same hours.', verbose_name='the way back too')),
                ('destination', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='bookings.servicearea', verbose_name='to')),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='bookings.servicearea', verbose_name='from')),
            ],
            options={
                'verbose_name': 'fixed drive',
                'verbose_name_plural': 'fixed drives',
                'ordering': ['origin', 'destination', 'days', 'starts_at'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at')), ('ends_at', datetime.time(0, 0)), _connector='OR'), name='fixeddrive_ends_after_start', violation_error_message='The hours must end after they start; 00:00 is the end of the day.'), models.CheckConstraint(condition=models.Q(('minutes__gte', 1), ('minutes__lte', 300)), name='fixeddrive_minutes'), models.UniqueConstraint(fields=('origin', 'destination', 'days', 'starts_at'), name='fixeddrive_one_per_band_start')],
            },
        ),
        migrations.CreateModel(
            name='ObservedDrive',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left_at', models.DateTimeField(verbose_name='left at')),
                ('arrived_at', models.DateTimeField(verbose_name='arrived at')),
                ('planned_minutes', models.PositiveSmallIntegerField(verbose_name='planned, minutes')),
                ('destination', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='bookings.servicearea', verbose_name='to')),
                ('origin', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='bookings.servicearea', verbose_name='from')),
            ],
            options={
                'verbose_name': 'drive that was driven',
                'verbose_name_plural': 'drives that were driven',
                'ordering': ['-left_at'],
                'indexes': [models.Index(fields=['left_at'], name='observeddrive_by_time')],
                'constraints': [models.CheckConstraint(condition=models.Q(('arrived_at__gte', models.F('left_at'))), name='observeddrive_arrives_after_leaving')],
            },
        ),
    ], histories={
        'DriveCorrection': (),
        'DriveRules': (),
        'FixedDrive': (),
    })]
