"""Moves the second factors of staff to where they are kept shut: secrets encrypted, recovery codes as keyed digests.

What is left in django-otp's tables opens nothing: secrets there are replaced by chance, and recovery codes deleted. So
from here to the restart of the web server the running version takes nobody's code; who is logged in stays in.
"""

from django.db import migrations
from django_otp.util import random_hex

from massagerx.lib.encryption import keyed_digest

_COLUMN = "staff.recoverycode.digest"
_KEPT = ("name", "confirmed", "throttling_failure_timestamp", "throttling_failure_count", "last_used_at")


def move(apps, schema_editor):
    Phone, PaperCodes = apps.get_model("staff", "Phone"), apps.get_model("staff", "PaperCodes")
    RecoveryCode = apps.get_model("staff", "RecoveryCode")
    TOTPDevice = apps.get_model("otp_totp", "TOTPDevice")
    for old in TOTPDevice.objects.order_by("pk"):
        new = Phone.objects.create(
            user_id=old.user_id,
            key=old.key,
            last_t=old.last_t,
            drift=old.drift,
            **{name: getattr(old, name) for name in _KEPT},
        )
        Phone.objects.filter(pk=new.pk).update(created_at=old.created_at)
        TOTPDevice.objects.filter(pk=old.pk).update(key=random_hex(20))
    for old in apps.get_model("otp_static", "StaticDevice").objects.order_by("pk"):
        new = PaperCodes.objects.create(user_id=old.user_id, **{name: getattr(old, name) for name in _KEPT})
        PaperCodes.objects.filter(pk=new.pk).update(created_at=old.created_at)
        for code in old.token_set.all():
            RecoveryCode.objects.create(sheet=new, digest=keyed_digest(code.token, _COLUMN))
        old.token_set.all().delete()


def move_back(apps, schema_editor):
    """Phones work again with the version before; recovery codes are to be made anew."""
    TOTPDevice = apps.get_model("otp_totp", "TOTPDevice")
    TOTPDevice.objects.all().delete()
    apps.get_model("otp_static", "StaticDevice").objects.all().delete()
    for new in apps.get_model("staff", "Phone").objects.order_by("pk"):
        TOTPDevice.objects.create(
            user_id=new.user_id,
            key=new.key,
            last_t=new.last_t,
            drift=new.drift,
            **{name: getattr(new, name) for name in _KEPT},
        )


class Migration(migrations.Migration):
    dependencies = [
        ("staff", "0001_second_factor_kept_shut"),
        ("otp_totp", "0003_add_timestamps"),
        ("otp_static", "0003_add_timestamps"),
    ]

    operations = [migrations.RunPython(move, move_back)]
