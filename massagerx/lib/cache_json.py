"""What the cache holds, as JSON: who can write to Redis must not be able to run code here, as a pickle would."""

from __future__ import annotations

import json
from typing import Any


class JSONSerializer:
    """For Django's Redis cache. Whole numbers stay bare, so that Redis can count them up."""

    def dumps(self, value: Any) -> bytes:
        """`value` as it is stored. Raises TypeError for what JSON can't hold."""
        return json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """What was stored; None for what is no JSON, as if it were not there."""
        try:
            return json.loads(stored)
        except ValueError:
            return None
