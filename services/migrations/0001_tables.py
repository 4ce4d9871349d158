import django.core.validators
import django.db.models.deletion
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models
from massagerx.lib.create_models import CreateModels


class Migration(migrations.Migration):
    initial = True
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [CreateModels([
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True, verbose_name='name')),
                ('slug', models.SlugField(unique=True, verbose_name='slug')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'category',
                'verbose_name_plural': 'categories',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Business',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(default='Massage Rx', max_length=80, verbose_name='name')),
                ('tagline', models.CharField(blank=True, max_length=160, verbose_name='tagline')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(max_length=128, region='US', verbose_name='phone')),
                ('email', models.EmailField(max_length=254, verbose_name='email')),
                ('city', models.CharField(default='Los Angeles', max_length=80, verbose_name='city')),
                ('payment_words', models.TextField(blank=True, help_text='How and when clients pay, what about tips, how they get a receipt. Shown with each service, among the questions, before the last press and in confirmations.', verbose_name='paying, tips and receipts')),
                ('is_sample', models.BooleanField(default=False, help_text='While ticked, staff see a reminder. The tick comes off once therapists, prices, phone, email and texts are your own: replaced, or opened and saved.', verbose_name='still sample data')),
                ('footer_headings', models.TextField(blank=True, db_default='', default='', help_text='Three lines, over the three lists of links. Blank: Visits, Good to know, The small print.', max_length=120, verbose_name='headings at the foot')),
                ('footer_words', models.TextField(blank=True, db_default='', default='', help_text='Such as a license or what you stand for, above the line with the year. Plain text.', max_length=400, verbose_name='last words at the foot')),
                ('main_color', models.CharField(blank=True, db_default='', default='', editable=False, max_length=7, verbose_name='color of links and marks')),
                ('press_color', models.CharField(blank=True, db_default='', default='', editable=False, max_length=7, verbose_name='color of buttons')),
                ('logo', models.CharField(blank=True, db_default='', default='', editable=False, max_length=32, verbose_name='logo')),
                ('logo_width', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
                ('logo_height', models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
            ],
            options={
                'verbose_name': 'business',
                'verbose_name_plural': 'business',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='business_single_row')],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True, verbose_name='name')),
                ('slug', models.SlugField(max_length=120, unique=True, verbose_name='slug')),
                ('summary', models.CharField(help_text='One sentence, for lists.', max_length=240, verbose_name='summary')),
                ('description', models.TextField(verbose_name='description')),
                ('purpose_question', models.CharField(blank=True, help_text='Asked of who books; the therapist reads the answer before the door. Blank: “What is this visit for?”', max_length=120, verbose_name='question about the visit')),
                ('purpose_hint', models.CharField(blank=True, help_text='Such as which side, what to leave out, how firm, which sport, which goal.', max_length=240, verbose_name='hint below it')),
                ('what_to_expect', models.TextField(blank=True, verbose_name='what to expect')),
                ('before_visit', models.TextField(blank=True, verbose_name='before your visit')),
                ('after_visit', models.TextField(blank=True, verbose_name='after your visit')),
                ('setup_minutes', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='set-up minutes')),
                ('packdown_minutes', models.PositiveSmallIntegerField(default=10, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='pack-down minutes')),
                ('max_people', models.PositiveSmallIntegerField(default=2, help_text='How many people one visit can be booked for, one after the other.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(2)], verbose_name='people at one address')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='services', to='services.category', verbose_name='category')),
            ],
            options={
                'verbose_name': 'service',
                'verbose_name_plural': 'services',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='AddOn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, unique=True, verbose_name='name')),
                ('summary', models.CharField(blank=True, max_length=240, verbose_name='summary')),
                ('minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='more minutes')),
                ('price_cents', models.PositiveIntegerField(validators=[django.core.validators.MaxValueValidator(1000000)], verbose_name='price in cents')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('services', models.ManyToManyField(related_name='add_ons', to='services.service', verbose_name='services')),
            ],
            options={
                'verbose_name': 'add-on',
                'verbose_name_plural': 'add-ons',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='ServiceFaq',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(max_length=200, verbose_name='question')),
                ('answer', models.TextField(help_text='Plain text; an empty line starts a new paragraph.', max_length=2000, verbose_name='answer')),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Lower numbers come first.', verbose_name='position')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faqs', to='services.service')),
            ],
            options={
                'verbose_name': 'question about it',
                'verbose_name_plural': 'questions about it',
                'ordering': ['position', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('service', 'question'), name='servicefaq_asked_once')],
            },
        ),
        migrations.CreateModel(
            name='ServiceOption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(15), django.core.validators.MaxValueValidator(480)], verbose_name='minutes')),
                ('price_cents', models.PositiveIntegerField(help_text='For one person, travel not included. 12500 is $125.', validators=[django.core.validators.MaxValueValidator(1000000)], verbose_name='price in cents')),
                ('next_price_cents', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(1000000)], verbose_name='next price in cents')),
                ('next_price_from', models.DateField(blank=True, help_text='From the first minute of that day, Los Angeles time.', null=True, verbose_name='from')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='options', to='services.service')),
            ],
            options={
                'verbose_name': 'length and price',
                'verbose_name_plural': 'lengths and prices',
                'ordering': ['minutes'],
                'constraints': [models.UniqueConstraint(fields=('service', 'minutes'), name='serviceoption_one_per_length'), models.CheckConstraint(condition=models.Q(('minutes__gte', 15), ('minutes__lte', 480)), name='serviceoption_minutes_in_range'), models.CheckConstraint(condition=models.Q(models.Q(('next_price_cents', None), ('next_price_from', None)), models.Q(('next_price_cents__gt', 0), ('next_price_cents__isnull', False), ('next_price_from__isnull', False)), _connector='OR'), name='serviceoption_next_price_whole')],
            },
        ),
    ], histories={
        'AddOn': (),
        'Business': (),
        'Service': ('updated_at',),
        'ServiceOption': (),
    })]
