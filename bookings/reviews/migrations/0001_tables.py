import django.core.validators
import django.db.models.deletion
import massagerx.lib.encryption
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
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('written', 'Written'), ('published', 'Shown'), ('declined', 'Declined')], default='asked', max_length=9, verbose_name='state')),
                ('stars', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='stars')),
                ('words', massagerx.lib.encryption.EncryptedJSONField(default=str, verbose_name='words')),
                ('public_words', models.TextField(blank=True, editable=False)),
                ('shown_as', models.CharField(blank=True, max_length=60, verbose_name='shown as')),
                ('may_publish', models.BooleanField(default=False, verbose_name='may be shown to everybody')),
                ('written_at', models.DateTimeField(blank=True, null=True, verbose_name='written at')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided at')),
                ('declined_for', models.CharField(blank=True, choices=[('offensive', 'It insults or threatens somebody'), ('health', 'It names a person’s health'), ('not_us', 'It isn’t about us')], max_length=9, verbose_name='why it isn’t shown')),
                ('answer', models.TextField(blank=True, validators=[django.core.validators.MaxLengthValidator(1000)], verbose_name='our answer')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='withdrawn at')),
                ('booking', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='review', to='bookings.booking', verbose_name='visit')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='decided by')),
                ('link', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.link')),
            ],
            options={
                'verbose_name': 'review',
                'verbose_name_plural': 'reviews',
                'ordering': ['-asked_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'published')), fields=['-written_at'], name='review_shown'), models.Index(condition=models.Q(('state', 'written')), fields=['written_at'], name='review_to_decide')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('may_publish', False), ('shown_as', ''), ('stars', None), ('state', 'asked'), ('written_at', None), ('public_words', '')), models.Q(('public_words', ''), ('stars__range', (1, 5)), ('state', 'written'), ('written_at__isnull', False)), models.Q(('decided_at__isnull', False), ('may_publish', True), ('stars__range', (1, 5)), ('state', 'published')), models.Q(('decided_at__isnull', False), ('may_publish', True), ('public_words', ''), ('stars__range', (1, 5)), ('state', 'declined'), models.Q(('declined_for', ''), _negated=True)), _connector='OR'), name='review_fits_its_state')],
            },
        ),
    ])]
