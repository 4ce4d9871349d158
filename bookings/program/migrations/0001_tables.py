import django.core.validators
import django.db.models.deletion
import massagerx.lib.encryption
import massagerx.lib.stored_picture
import uuid
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
            name='Assessment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('findings', massagerx.lib.encryption.EncryptedJSONField()),
                ('at', models.DateTimeField(verbose_name='written at')),
                ('booking', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assessments', to='bookings.booking')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
            ],
            options={
                'verbose_name': 'assessment',
                'verbose_name_plural': 'assessments',
                'ordering': ['-at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='ExercisePicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=massagerx.lib.stored_picture.new_token, editable=False, max_length=32, unique=True, verbose_name='name of the file')),
                ('focal_x', models.PositiveSmallIntegerField(default=50, help_text='In percent. Press on the picture, or type the number.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='focus, from the left')),
                ('focal_y', models.PositiveSmallIntegerField(default=50, help_text='In percent. This point stays in sight when the picture is cut to fit.', validators=[django.core.validators.MaxValueValidator(100)], verbose_name='focus, from the top')),
                ('width', models.PositiveIntegerField(editable=False, verbose_name='width in pixels')),
                ('height', models.PositiveIntegerField(editable=False, verbose_name='height in pixels')),
                ('whole_widths', models.JSONField(default=list, editable=False)),
                ('cover_widths', models.JSONField(default=list, editable=False)),
                ('cover_focus', models.CharField(blank=True, default='', editable=False, max_length=8)),
                ('sizes_due_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('title', models.CharField(help_text='Read aloud to people who can’t see the picture.', max_length=120, verbose_name='what it shows')),
            ],
            options={
                'verbose_name': 'picture of an exercise',
                'verbose_name_plural': 'pictures of exercises',
                'ordering': ['title', 'pk'],
                'indexes': [models.Index(condition=models.Q(('sizes_due_at__isnull', False)), fields=['sizes_due_at'], name='exercisepicture_sizes_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('focal_x__lte', 100), ('focal_y__lte', 100)), name='exercisepicture_focus_is_within')],
            },
        ),
        migrations.CreateModel(
            name='Exercise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('steps', models.TextField(help_text='One step a line, in plain words.', max_length=2000, verbose_name='steps')),
                ('unit', models.CharField(choices=[('times', 'Times'), ('seconds', 'Seconds')], default='times', max_length=7, verbose_name='counted in')),
                ('sets', models.PositiveSmallIntegerField(default=2, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)], verbose_name='sets')),
                ('amount', models.PositiveSmallIntegerField(default=10, help_text='On each side, where it has two.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)], verbose_name='times or seconds a set')),
                ('days_a_week', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(7)], verbose_name='days a week')),
                ('equipment', models.CharField(blank=True, max_length=120, verbose_name='what it needs')),
                ('watch_out', models.TextField(blank=True, max_length=600, verbose_name='what to look out for')),
                ('stop_when', models.TextField(help_text='What tells a client to stop, and to call you.', max_length=600, verbose_name='when to stop')),
                ('video_url', models.URLField(blank=True, help_text='The address of its page, beginning with https://. Clients open it by a press.', validators=[django.core.validators.URLValidator(schemes=['https'])], verbose_name='video')),
                ('drawing', models.CharField(blank=True, choices=[('ankle-circles', 'Ankle circles'), ('bird-dog', 'Bird dog'), ('calf-raise', 'Calf raise'), ('calf-stretch', 'Calf stretch'), ('cat-cow', 'Cat cow'), ('childs-pose', 'Childs pose'), ('chin-tuck', 'Chin tuck'), ('clamshell', 'Clamshell'), ('dead-bug', 'Dead bug'), ('doorway-stretch', 'Doorway stretch'), ('glute-bridge', 'Glute bridge'), ('hamstring-stretch', 'Hamstring stretch'), ('heel-balance', 'Heel balance'), ('hip-flexor-stretch', 'Hip flexor stretch'), ('hip-hinge', 'Hip hinge'), ('open-book', 'Open book'), ('plank', 'Plank'), ('prone-y', 'Prone y'), ('row-with-a-band', 'Row with a band'), ('shoulder-blades', 'Shoulder blades'), ('side-leg-raise', 'Side leg raise'), ('side-plank', 'Side plank'), ('sit-to-stand', 'Sit to stand'), ('wall-angel', 'Wall angel')], max_length=32, verbose_name='drawing')),
                ('areas', models.JSONField(blank=True, default=list, verbose_name='problem areas')),
                ('sports', models.JSONField(blank=True, default=list, verbose_name='sports')),
                ('not_for', models.JSONField(blank=True, default=list, verbose_name='not for clients who said')),
                ('approved_by', models.CharField(blank=True, help_text='The qualified person who checked it as it is. Blank: not approved, and in no program.', max_length=160, verbose_name='approved by')),
                ('picture', models.ForeignKey(blank=True, help_text='Your own, in addition to the drawing.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='program.exercisepicture', verbose_name='picture')),
            ],
            options={
                'verbose_name': 'exercise',
                'verbose_name_plural': 'exercises',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('name',), name='exercise_name_once'), models.CheckConstraint(condition=models.Q(('amount__gte', 1), ('amount__lte', 600), ('days_a_week__gte', 1), ('days_a_week__lte', 7), ('sets__gte', 1), ('sets__lte', 10), ('unit__in', ['times', 'seconds'])), name='exercise_in_range')],
            },
        ),
        migrations.CreateModel(
            name='Program',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('sport', models.CharField(choices=[('running', 'Running'), ('cycling', 'Cycling'), ('swimming', 'Swimming'), ('golf', 'Golf'), ('tennis', 'Tennis'), ('lifting', 'Lifting'), ('desk', 'Desk work')], max_length=10, verbose_name='sport')),
                ('weeks', models.PositiveSmallIntegerField(verbose_name='weeks')),
                ('started_on', models.DateField(verbose_name='first day')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('paused_on', models.DateField(blank=True, null=True, verbose_name='paused on')),
                ('resumed_at', models.DateTimeField(blank=True, null=True, verbose_name='went on at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('course_key', models.UUIDField(blank=True, editable=False, null=True)),
                ('waits_for', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='week that waits for a visit')),
                ('note', massagerx.lib.encryption.EncryptedJSONField(default=str)),
                ('hurts_since', models.DateTimeField(blank=True, null=True, verbose_name='hurts more since')),
                ('last_press_at', models.DateTimeField(blank=True, null=True, verbose_name='last press')),
                ('reminds', models.BooleanField(default=False, verbose_name='wants reminders')),
                ('reminders', models.PositiveSmallIntegerField(default=0, verbose_name='reminders sent')),
                ('reminded_at', models.DateTimeField(blank=True, null=True, verbose_name='last reminder')),
                ('submission_key', models.UUIDField(editable=False, unique=True)),
                ('booking', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='programs', to='bookings.booking', verbose_name='visit')),
                ('link', models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='bookings.link')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='made by')),
            ],
            options={
                'verbose_name': 'client’s program',
                'verbose_name_plural': 'clients’ programs',
                'ordering': ['-made_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('weeks__gte', 1), ('weeks__lte', 26)), name='program_weeks_in_range'), models.CheckConstraint(condition=models.Q(('sport__in', ['running', 'cycling', 'swimming', 'golf', 'tennis', 'lifting', 'desk'])), name='program_sport_known')],
            },
        ),
        migrations.CreateModel(
            name='ProgramBooklet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('paper', models.CharField(choices=[('us-letter', 'US letter'), ('a4', 'A4')], max_length=9, verbose_name='paper')),
                ('asked_at', models.DateTimeField(verbose_name='asked for at')),
                ('tries', models.PositiveSmallIntegerField(default=0, verbose_name='tries')),
                ('tried_at', models.DateTimeField(blank=True, null=True, verbose_name='last tried at')),
                ('made_at', models.DateTimeField(blank=True, null=True, verbose_name='made at')),
                ('digest', models.CharField(blank=True, default='', editable=False, max_length=64)),
                ('data', massagerx.lib.encryption.EncryptedJSONField(null=True)),
                ('program', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='booklet', to='program.program')),
            ],
            options={
                'verbose_name': 'booklet of a client’s program',
                'verbose_name_plural': 'booklets of clients’ programs',
                'ordering': ['asked_at', 'pk'],
                'indexes': [models.Index(condition=models.Q(('made_at', None)), fields=['asked_at'], name='programbooklet_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('paper__in', ['us-letter', 'a4'])), name='programbooklet_paper_known'), models.CheckConstraint(condition=models.Q(models.Q(('data', None), ('made_at', None)), models.Q(('data__isnull', False), ('made_at__isnull', False)), _connector='OR'), name='programbooklet_made_with_data')],
            },
        ),
        migrations.CreateModel(
            name='ProgramExercise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('steps', models.TextField(help_text='One step a line, in plain words.', max_length=2000, verbose_name='steps')),
                ('unit', models.CharField(choices=[('times', 'Times'), ('seconds', 'Seconds')], default='times', max_length=7, verbose_name='counted in')),
                ('sets', models.PositiveSmallIntegerField(default=2, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)], verbose_name='sets')),
                ('amount', models.PositiveSmallIntegerField(default=10, help_text='On each side, where it has two.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(600)], verbose_name='times or seconds a set')),
                ('days_a_week', models.PositiveSmallIntegerField(default=3, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(7)], verbose_name='days a week')),
                ('equipment', models.CharField(blank=True, max_length=120, verbose_name='what it needs')),
                ('watch_out', models.TextField(blank=True, max_length=600, verbose_name='what to look out for')),
                ('stop_when', models.TextField(help_text='What tells a client to stop, and to call you.', max_length=600, verbose_name='when to stop')),
                ('video_url', models.URLField(blank=True, help_text='The address of its page, beginning with https://. Clients open it by a press.', validators=[django.core.validators.URLValidator(schemes=['https'])], verbose_name='video')),
                ('drawing', models.CharField(blank=True, choices=[('ankle-circles', 'Ankle circles'), ('bird-dog', 'Bird dog'), ('calf-raise', 'Calf raise'), ('calf-stretch', 'Calf stretch'), ('cat-cow', 'Cat cow'), ('childs-pose', 'Childs pose'), ('chin-tuck', 'Chin tuck'), ('clamshell', 'Clamshell'), ('dead-bug', 'Dead bug'), ('doorway-stretch', 'Doorway stretch'), ('glute-bridge', 'Glute bridge'), ('hamstring-stretch', 'Hamstring stretch'), ('heel-balance', 'Heel balance'), ('hip-flexor-stretch', 'Hip flexor stretch'), ('hip-hinge', 'Hip hinge'), ('open-book', 'Open book'), ('plank', 'Plank'), ('prone-y', 'Prone y'), ('row-with-a-band', 'Row with a band'), ('shoulder-blades', 'Shoulder blades'), ('side-leg-raise', 'Side leg raise'), ('side-plank', 'Side plank'), ('sit-to-stand', 'Sit to stand'), ('wall-angel', 'Wall angel')], max_length=32, verbose_name='drawing')),
                ('from_week', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='from week')),
                ('to_week', models.PositiveSmallIntegerField(default=8, validators=[django.core.validators.MaxValueValidator(26)], verbose_name='to week')),
                ('added_at', models.DateTimeField(verbose_name='added at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='taken out at')),
                ('exercise', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='program.exercise', verbose_name='exercise')),
                ('picture', models.ForeignKey(blank=True, help_text='Your own, in addition to the drawing.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='program.exercisepicture', verbose_name='picture')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exercises', to='program.program')),
            ],
            options={
                'verbose_name': 'exercise of a client',
                'verbose_name_plural': 'exercises of clients',
                'ordering': ['program', 'from_week', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gte', 1), ('amount__lte', 600), ('days_a_week__gte', 1), ('days_a_week__lte', 7), ('sets__gte', 1), ('sets__lte', 10), ('unit__in', ['times', 'seconds'])), name='programexercise_in_range'), models.CheckConstraint(condition=models.Q(('from_week__gte', 1), ('to_week__gte', models.F('from_week')), ('to_week__lte', 26)), name='programexercise_weeks_in_order')],
            },
        ),
        migrations.CreateModel(
            name='ExerciseDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('week', models.PositiveSmallIntegerField(verbose_name='week')),
                ('outcome', models.CharField(choices=[('done', 'Done'), ('skipped', 'Not that day')], max_length=7, verbose_name='what became of it')),
                ('pain', massagerx.lib.encryption.EncryptedJSONField(null=True)),
                ('at', models.DateTimeField(verbose_name='pressed at')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('exercise', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='program.programexercise')),
            ],
            options={
                'verbose_name': 'exercise done',
                'verbose_name_plural': 'exercises done',
                'ordering': ['day', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('exercise', 'day'), name='exerciseday_once_a_day'), models.CheckConstraint(condition=models.Q(('outcome__in', ['done', 'skipped'])), name='exerciseday_outcome_known')],
            },
        ),
        migrations.CreateModel(
            name='ProgramTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='As clients read it.', max_length=80, unique=True, verbose_name='name')),
                ('sport', models.CharField(choices=[('running', 'Running'), ('cycling', 'Cycling'), ('swimming', 'Swimming'), ('golf', 'Golf'), ('tennis', 'Tennis'), ('lifting', 'Lifting'), ('desk', 'Desk work')], max_length=10, verbose_name='sport')),
                ('area', models.CharField(blank=True, choices=[('neck', 'Neck'), ('shoulders', 'Shoulders'), ('upper_back', 'Upper back'), ('lower_back', 'Lower back'), ('hips', 'Hips'), ('knees', 'Knees'), ('feet', 'Calves and feet')], max_length=10, verbose_name='problem area')),
                ('weeks', models.PositiveSmallIntegerField(default=8, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(26)], verbose_name='weeks')),
            ],
            options={
                'verbose_name': 'program template',
                'verbose_name_plural': 'program templates',
                'ordering': ['sport', 'name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('weeks__gte', 1), ('weeks__lte', 26)), name='programtemplate_weeks_in_range'), models.CheckConstraint(condition=models.Q(('area__in', ['', 'neck', 'shoulders', 'upper_back', 'lower_back', 'hips', 'knees', 'feet']), ('sport__in', ['running', 'cycling', 'swimming', 'golf', 'tennis', 'lifting', 'desk'])), name='programtemplate_kind_known')],
            },
        ),
        migrations.CreateModel(
            name='TemplateExercise',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_week', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1)], verbose_name='from week')),
                ('to_week', models.PositiveSmallIntegerField(default=8, validators=[django.core.validators.MaxValueValidator(26)], verbose_name='to week')),
                ('exercise', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='program.exercise', verbose_name='exercise')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='exercises', to='program.programtemplate')),
            ],
            options={
                'verbose_name': 'exercise of a template',
                'verbose_name_plural': 'exercises of a template',
                'ordering': ['template', 'from_week', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('template', 'exercise', 'from_week'), name='templateexercise_once_from_a_week', violation_error_message='That exercise begins in that week already.'), models.CheckConstraint(condition=models.Q(('from_week__gte', 1), ('to_week__gte', models.F('from_week')), ('to_week__lte', 26)), name='templateexercise_weeks_in_order', violation_error_message='The last week comes before the first.')],
            },
        ),
        migrations.CreateModel(
            name='WeekCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('week', models.PositiveSmallIntegerField(verbose_name='week')),
                ('answers', massagerx.lib.encryption.EncryptedJSONField()),
                ('at', models.DateTimeField(verbose_name='answered at')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='program.program')),
            ],
            options={
                'verbose_name': 'weekly check',
                'verbose_name_plural': 'weekly checks',
                'ordering': ['week'],
                'constraints': [models.UniqueConstraint(fields=('program', 'week'), name='weekcheck_once_a_week')],
            },
        ),
    ], histories={
        'Exercise': (),
        'ProgramTemplate': (),
    })]
