"""Encrypts the words that were written plainly before. They are read meanwhile as they are."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Value

COLUMNS = {
    "arearequest": ["note"],
    "bookingevent": ["reason"],
    "changerequest": ["reason"],
    "healthaccess": ["reason"],
    "incident": ["description", "consequences", "steps"],
    "latefee": ["reason", "why_waived"],
    "timeoff": ["reason"],
    "timeoffwish": ["reason", "why"],
}


def encrypt(apps: Any, schema_editor: Any) -> None:
    _write(apps, lambda text: text)


def decrypt(apps: Any, schema_editor: Any) -> None:
    _write(apps, lambda text: Value(str(text), output_field=models.TextField()))


def _write(apps: Any, as_stored: Any) -> None:
    for name, columns in COLUMNS.items():
        rows = apps.get_model("bookings", name)._base_manager
        for column in columns:
            written = rows.exclude(**{column: ""}).order_by("pk").values_list("pk", column)
            for key, text in written.iterator(chunk_size=1000):
                rows.filter(pk=key).update(**{column: as_stored(text)})


class Migration(migrations.Migration):
    dependencies = [("bookings", "0004_encrypted_words")]

    operations = [migrations.RunPython(encrypt, decrypt)]
