"""The four roles of staff, as groups: owner, front desk, therapist and writer.

The table below is what they were when this was written, and stays as it is; a later change of a role is a migration
of its own.
"""

from django.contrib.auth.management import create_permissions
from django.db import migrations

_ALL = ("view", "add", "change", "delete")
_KEEP = ("view", "add", "change")
_SEE = ("view",)

_BLOG = {
    "blog.tag": _ALL,
    "blog.post": _ALL,
    "blog.postrevision": _ALL,
    "blog.oldaddress": _ALL,
    "blog.page": _KEEP,
    "blog.question": _ALL,
    "blog.picture": _ALL,
    "blog.video": _ALL,
    "blog.testimonial": _ALL,
    "blog.notice": _ALL,
}

ROLES = {
    # Everything but making superusers: who may change whom is decided in massagerx/staff/admin.py.
    "Owner": {
        "auth.user": _KEEP,
        "services.business": _KEEP,
        "services.category": _ALL,
        "services.service": _ALL,
        "services.serviceoption": _ALL,
        "services.servicequestion": _ALL,
        "services.addon": _ALL,
        **_BLOG,
        "bookings.booking": (*_KEEP, "view_reports"),
        "bookings.accessnotes": _SEE,
        "bookings.screeningrecord": _SEE,
        "bookings.screeninglook": _SEE,
        "bookings.cliniciannote": ("view", "add"),
        "bookings.changerequest": _KEEP,
        "bookings.arearequest": _ALL,
        "bookings.contactmessage": _ALL,
        "bookings.bookletrequest": _ALL,
        "bookings.booklet": _ALL,
        "bookings.client": _KEEP,
        "bookings.clientnote": ("view", "add"),
        "bookings.message": _KEEP,
        "bookings.messagesettings": _KEEP,
        "bookings.therapist": _ALL,
        "bookings.workinghours": _ALL,
        "bookings.extrahours": _ALL,
        "bookings.timeoff": _ALL,
        "bookings.closure": _ALL,
        "bookings.zone": _ALL,
        "bookings.servedzip": _ALL,
        "bookings.drivetime": _ALL,
        "bookings.driveoverride": _ALL,
        "bookings.bookingpolicy": _KEEP,
        "bookings.policyversion": _KEEP,
        "bookings.screeningversion": _KEEP,
    },
    # The people who answer the phone: visits and those who ask for them, not prices, rules or the site's words.
    "Front desk": {
        "bookings.booking": _KEEP,
        "bookings.accessnotes": _SEE,
        "bookings.screeningrecord": _SEE,
        "bookings.cliniciannote": ("view", "add"),
        "bookings.changerequest": ("view", "change"),
        "bookings.arearequest": ("view", "change"),
        "bookings.contactmessage": ("view", "change"),
        # They take consents back.
        "bookings.bookletrequest": ("view", "change"),
        "bookings.client": _KEEP,
        "bookings.clientnote": ("view", "add"),
        "bookings.message": ("view", "change"),
        "bookings.therapist": _SEE,
        "bookings.workinghours": _SEE,
        "bookings.extrahours": _SEE,
        "bookings.timeoff": _ALL,
        "bookings.closure": _SEE,
        "bookings.zone": _SEE,
        "bookings.servedzip": _SEE,
        "bookings.drivetime": _SEE,
        "bookings.driveoverride": ("view", "add", "delete"),
    },
    # All of it narrowed to what is their own: bookings/admin/access.py.
    "Therapist": {
        "bookings.booking": ("view_own_visits", "finish_own_visits"),
        "bookings.accessnotes": _SEE,
        "bookings.screeningrecord": _SEE,
        "bookings.timeoff": _ALL,
    },
    "Writer": _BLOG,
}


def codenames(model, verbs):
    """A verb with an underscore is a permission's whole name."""
    return [verb if "_" in verb else f"{verb}_{model}" for verb in verbs]


def make_roles(apps, schema_editor):
    # On a fresh database permissions are made only after the last migration.
    for label in ("auth", "services", "blog", "bookings"):
        config = apps.get_app_config(label)
        # Within a migration an app has no such module, and permissions are made only for apps with one.
        kept, config.models_module = getattr(config, "models_module", None), True
        create_permissions(config, apps=apps, verbosity=0)
        config.models_module = kept
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    for name, rows in ROLES.items():
        group, _created = Group.objects.get_or_create(name=name)
        for label, verbs in rows.items():
            app, model = label.split(".")
            group.permissions.add(
                *Permission.objects.filter(
                    content_type__app_label=app,
                    content_type__model=model,
                    codename__in=codenames(model, verbs),
                )
            )


def remove_roles(apps, schema_editor):
    """The accounts stay, without a role."""
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("services", "0003_history"),
        ("blog", "0002_pictures_versions_notices"),
        ("bookings", "0013_history"),
    ]

    operations = [migrations.RunPython(make_roles, remove_roles)]
