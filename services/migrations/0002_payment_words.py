from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("services", "0001_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="business",
            name="payment_words",
            field=models.TextField(
                blank=True,
                help_text="How and when clients pay, what about tips, how they get a receipt. Shown with each service, among the questions, before the last press and in confirmations.",
                verbose_name="paying, tips and receipts",
            ),
        ),
        migrations.AddField(
            model_name="historicalbusiness",
            name="payment_words",
            field=models.TextField(
                blank=True,
                help_text="How and when clients pay, what about tips, how they get a receipt. Shown with each service, among the questions, before the last press and in confirmations.",
                verbose_name="paying, tips and receipts",
            ),
        ),
    ]
