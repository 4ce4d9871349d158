import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import massagerx.lib.encryption
import uuid
from django.conf import settings
from django.db import migrations, models
from massagerx.lib.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        ('services', '0001_tables'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [CreateModels([
        migrations.CreateModel(
            name='CoursePlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As clients read it: after liposuction.', max_length=80, verbose_name='name')),
                ('number', models.PositiveIntegerField(editable=False, verbose_name='version')),
                ('counted_from', models.CharField(choices=[('surgery', 'the day of the surgery'), ('first_visit', 'the first visit')], default='surgery', max_length=11, verbose_name='days are counted from')),
                ('words', models.TextField(blank=True, help_text='What a client reads beside the plan. Promise no healing: as your surgeon advises.', max_length=600, verbose_name='in your words')),
                ('approved_by', models.CharField(blank=True, help_text='The qualified person who checked this plan. Blank: not approved, and not offered.', max_length=160, verbose_name='approved by')),
                ('is_offered', models.BooleanField(default=True, verbose_name='offered')),
                ('option', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='services.serviceoption', verbose_name='service and length')),
            ],
            options={
                'verbose_name': 'course plan',
                'verbose_name_plural': 'course plans',
                'ordering': ['name', '-number'],
                'constraints': [models.UniqueConstraint(fields=('name', 'number'), name='courseplan_one_per_number'), models.CheckConstraint(condition=models.Q(('counted_from__in', ['surgery', 'first_visit'])), name='courseplan_counted_from_known')],
            },
        ),
        migrations.CreateModel(
            name='CoursePhase',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_day', models.PositiveSmallIntegerField(help_text='0 is the day itself.', validators=[django.core.validators.MaxValueValidator(365)], verbose_name='from day')),
                ('to_day', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(365)], verbose_name='to day')),
                ('visits', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(40)], verbose_name='visits')),
                ('apart', models.PositiveSmallIntegerField(default=1, help_text='From the visit before; 1 is the day after.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(60)], verbose_name='at least days apart')),
                ('add_ons', models.ManyToManyField(blank=True, help_text='Added to each visit of the phase, with its minutes and price.', related_name='+', to='services.addon', verbose_name='add-ons')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='phases', to='courses.courseplan')),
            ],
            options={
                'verbose_name': 'phase',
                'verbose_name_plural': 'phases',
                'ordering': ['plan', 'from_day'],
                'constraints': [models.UniqueConstraint(fields=('plan', 'from_day'), name='coursephase_one_per_first_day', violation_error_message='Another phase begins on that day.'), models.CheckConstraint(condition=models.Q(('apart__gte', 1), ('visits__gte', 1)), name='coursephase_in_range'), models.CheckConstraint(condition=models.Q(('to_day__gte', django.db.models.expressions.CombinedExpression(models.F('from_day'), '+', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('visits'), '-', models.Value(1)), '*', models.F('apart'))))), name='coursephase_has_room', violation_error_message="So many visits, so many days apart, don't fit between these days.")],
            },
        ),
        migrations.CreateModel(
            name='Course',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('dates', massagerx.lib.encryption.EncryptedJSONField()),
                ('rest', models.JSONField(default=list)),
                ('paused_at', models.DateTimeField(blank=True, null=True, verbose_name='paused at')),
                ('wishes', models.JSONField(default=dict)),
                ('booked_at', models.DateTimeField(verbose_name='booked at')),
                ('booked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='booked by')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='courses', to='courses.courseplan', verbose_name='plan')),
            ],
            options={
                'verbose_name': 'course',
                'verbose_name_plural': 'courses',
                'ordering': ['-booked_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('paused_at', None), ('rest', [])), models.Q(('paused_at__isnull', False), models.Q(('rest', []), _negated=True)), _connector='OR'), name='course_paused_with_a_rest')],
            },
        ),
    ], histories={
        'CoursePlan': (),
    })]
