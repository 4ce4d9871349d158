import django.db.models.deletion
import massagerx.lib.encryption
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models
from massagerx.lib.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ('bookings', '0001_tables'),
        ('courses', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [CreateModels([
        migrations.CreateModel(
            name='Referral',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region='US', verbose_name='phone')),
                ('health', massagerx.lib.encryption.EncryptedJSONField()),
                ('entered_at', models.DateTimeField(verbose_name='entered at')),
                ('approved_at', models.DateTimeField(blank=True, null=True, verbose_name='approved at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back at')),
                ('kept_until', models.DateTimeField(verbose_name='kept until')),
                ('may_see', models.BooleanField(default=False, verbose_name='the office may see how many visits there were')),
                ('submission_key', models.UUIDField(editable=False, unique=True)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='approved by')),
                ('course', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='referral', to='courses.course', to_field='key')),
                ('link', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.link')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='courses.courseplan', verbose_name='plan')),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='referrals', to='referrals.referraloffice', verbose_name='office')),
            ],
            options={
                'verbose_name': 'patient of an office',
                'verbose_name_plural': 'patients of offices',
                'ordering': ['-entered_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('course', None), ('ended_at', None)), fields=['entered_at'], name='referral_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(('email', ''), ('phone', ''), _negated=True), name='referral_can_be_told')],
            },
        ),
        migrations.CreateModel(
            name='ReferralLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='when')),
                ('referral', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='access_log', to='referrals.referral')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'look at what an office entered',
                'verbose_name_plural': 'looks at what offices entered',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ReferralOffice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As patients read it: Dr. Lee’s office.', max_length=120, unique=True, verbose_name='name')),
                ('approve_each', models.BooleanField(default=False, help_text='A patient hears from us once one of us has approved what the office entered. Else at once.', verbose_name='one of us approves each entry')),
                ('link', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.link')),
            ],
            options={
                'verbose_name': 'surgeon’s office',
                'verbose_name_plural': 'surgeons’ offices',
                'ordering': ['name'],
            },
        ),
    ], histories={
        'ReferralOffice': ('link',),
    })]
