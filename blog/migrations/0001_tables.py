import django.core.validators
import django.db.models.deletion
import massagerx.lib.stored_picture
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
            name='FaqEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('question', models.CharField(max_length=200, unique=True, verbose_name='question')),
                ('answer', models.TextField(verbose_name='answer')),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Lower numbers come first.', verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='shown')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
            ],
            options={
                'verbose_name': 'FAQ entry',
                'verbose_name_plural': 'FAQ entries',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Tag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='name')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
            ],
            options={
                'verbose_name': 'tag',
                'verbose_name_plural': 'tags',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Testimonial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.TextField(max_length=600, verbose_name='their words')),
                ('name', models.CharField(help_text='As they want to be called: a first name or initials.', max_length=60, verbose_name='name')),
                ('place', models.CharField(blank=True, help_text='A neighborhood or city, such as Los Feliz.', max_length=60, verbose_name='place')),
                ('has_consent', models.BooleanField(help_text='Ask the person, and keep their answer. Without a yes it is never shown.', verbose_name='may we show it?')),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='Lower numbers come first.', verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='shown')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
            ],
            options={
                'verbose_name': 'testimonial',
                'verbose_name_plural': 'testimonials',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Announcement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(help_text='One or two short sentences, such as a holiday or a storm.', max_length=200, verbose_name='text')),
                ('link', models.CharField(blank=True, help_text='A page of this site, such as /policies/, or a whole address beginning with https://.', max_length=200, verbose_name='link')),
                ('link_text', models.CharField(blank=True, help_text='Left empty: “Read more”.', max_length=60, verbose_name='words of the link')),
                ('starts_at', models.DateTimeField(help_text='Los Angeles time.', verbose_name='from')),
                ('ends_at', models.DateTimeField(blank=True, help_text='Left empty, it stays until you delete it.', null=True, verbose_name='until')),
            ],
            options={
                'verbose_name': 'announcement',
                'verbose_name_plural': 'announcements',
                'ordering': ['-starts_at', '-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__isnull', True), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='notice_ends_after_it_begins', violation_error_message='An announcement ends after it begins.')],
            },
        ),
        migrations.CreateModel(
            name='HomeBlock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(choices=[('hero', 'First screen'), ('therapists', 'Who comes'), ('services', 'Services'), ('surgery', 'After surgery'), ('visit', 'A visit by the minute'), ('promises', 'Promises'), ('reviews', 'What clients say'), ('program', 'Training program'), ('area', 'Where we drive'), ('questions', 'Questions'), ('posts', 'From the blog'), ('closing', 'The last word')], max_length=10, unique=True, verbose_name='block')),
                ('title', models.CharField(blank=True, max_length=80, verbose_name='title')),
                ('text', models.TextField(blank=True, max_length=300, verbose_name='text')),
                ('lines', models.TextField(blank=True, max_length=600, verbose_name='lines')),
                ('position', models.PositiveSmallIntegerField(blank=True, help_text='Lower numbers come first. Empty: its usual place, in steps of ten.', null=True, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='shown')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
            ],
            options={
                'verbose_name': 'block of the home page',
                'verbose_name_plural': 'blocks of the home page',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_active', False), ('slug', 'hero'), _negated=True), name='home_begins_with_hero')],
            },
        ),
        migrations.CreateModel(
            name='Page',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(choices=[('about', 'About us'), ('faq', 'Questions and answers'), ('policies', 'Policies'), ('privacy', 'Privacy'), ('contact', 'Contact')], max_length=20, unique=True, verbose_name='page')),
                ('title', models.CharField(max_length=140, verbose_name='title')),
                ('meta_description', models.CharField(blank=True, help_text='One sentence, for search engines.', max_length=160, verbose_name='description')),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
            ],
            options={
                'verbose_name': 'page',
                'verbose_name_plural': 'pages',
                'ordering': ['slug'],
                'constraints': [models.CheckConstraint(condition=models.Q(('slug__in', ['about', 'faq', 'policies', 'privacy', 'contact'])), name='page_slug_is_fixed')],
            },
        ),
        migrations.CreateModel(
            name='Picture',
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
                ('alt', models.CharField(blank=True, help_text="Say it as you would on the phone. Read aloud to people who can't see the picture.", max_length=200, verbose_name='what it shows')),
                ('is_decorative', models.BooleanField(default=False, help_text="Tick this only if nothing is lost when the picture can't be seen.", verbose_name='only decoration')),
                ('credit', models.CharField(blank=True, help_text='Who made it, if they want to be named.', max_length=120, verbose_name='credit')),
                ('dark', models.ForeignKey(blank=True, help_text='As a cover, shown in its place on devices that are set to dark. Without one it is dimmed.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='blog.picture', verbose_name='its dark twin')),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('sizes_due_at__isnull', False)), fields=['sizes_due_at'], name='picture_sizes_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_decorative', True), models.Q(('alt', ''), _negated=True), _connector='OR'), name='picture_says_what_it_shows', violation_error_message='Say what the picture shows, or tick that it is only decoration.'), models.CheckConstraint(condition=models.Q(('focal_x__lte', 100), ('focal_y__lte', 100)), name='picture_focus_is_within')],
            },
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=140, verbose_name='title')),
                ('slug', models.SlugField(help_text="The last part of the post's web address. Keep it as it is once people link to it.", max_length=140, unique=True, verbose_name='address')),
                ('summary', models.CharField(blank=True, help_text="One or two sentences, for lists and search engines. Left empty, the post's first words are used.", max_length=280, verbose_name='summary')),
                ('body', models.TextField(verbose_name='text')),
                ('plain_body', models.TextField(blank=True, default='', editable=False)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published')], default='draft', max_length=12, verbose_name='status')),
                ('published_at', models.DateTimeField(blank=True, help_text='Los Angeles time. Empty means at once; a later time means that it appears by itself then.', null=True, verbose_name='publish on')),
                ('author_name', models.CharField(blank=True, help_text='Left empty, the name of the business is shown.', max_length=80, verbose_name='author')),
                ('share_name', models.CharField(blank=True, default='', editable=False, max_length=80)),
                ('share_words', models.CharField(blank=True, default='', editable=False, max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='last changed')),
                ('cover', models.ForeignKey(blank=True, help_text='Shown above the post and in lists. Cut to a wide shape around its focus.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='covered_posts', to='blog.picture', verbose_name='cover')),
                ('pinned_posts', models.ManyToManyField(blank=True, help_text='Posts to offer at the end. Left empty, posts with the same tags are offered.', related_name='pinned_by', to='blog.post', verbose_name='read next')),
                ('services', models.ManyToManyField(blank=True, related_name='posts', to='services.service', verbose_name='services it is about')),
                ('tags', models.ManyToManyField(blank=True, related_name='posts', to='blog.tag', verbose_name='tags')),
            ],
            options={
                'verbose_name': 'post',
                'verbose_name_plural': 'posts',
                'ordering': ['-published_at', '-pk'],
                'indexes': [models.Index(fields=['status', '-published_at'], name='post_status_published')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status', 'published'), _negated=True), ('published_at__isnull', False), _connector='OR'), name='post_published_has_a_time', violation_error_message='A published post needs the time when it appears.')],
            },
        ),
        migrations.CreateModel(
            name='OldAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=140, unique=True, verbose_name='address')),
                ('post', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='old_addresses', to='blog.post')),
            ],
            options={
                'verbose_name': 'old address',
                'verbose_name_plural': 'old addresses',
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=32, unique=True)),
                ('file_name', models.CharField(max_length=120)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('created_at', models.DateTimeField()),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'upload',
                'verbose_name_plural': 'uploads',
                'indexes': [models.Index(fields=['created_at'], name='upload_created')],
            },
        ),
        migrations.CreateModel(
            name='Video',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(help_text='Copy it from the browser, on the page of the video at YouTube or Vimeo.', max_length=300, verbose_name='address')),
                ('provider', models.CharField(choices=[('youtube', 'YouTube'), ('vimeo', 'Vimeo')], editable=False, max_length=10)),
                ('code', models.CharField(editable=False, max_length=40)),
                ('title', models.CharField(help_text='What one will see. Shown on the picture, and read aloud.', max_length=140, verbose_name='title')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='added')),
                ('poster', models.ForeignKey(blank=True, help_text='Shown until someone presses. Left empty, a drawn one is shown.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='videos', to='blog.picture', verbose_name='picture')),
            ],
            options={
                'verbose_name': 'video',
                'verbose_name_plural': 'videos',
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('provider', 'code'), name='video_is_there_once')],
            },
        ),
    ], histories={
        'Announcement': (),
        'FaqEntry': ('updated_at',),
        'HomeBlock': ('updated_at',),
        'Page': ('updated_at',),
        'Testimonial': ('updated_at',),
        'Post': ('plain_body', 'share_name', 'share_words', 'created_at', 'updated_at'),
    })]
