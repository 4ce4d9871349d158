"""Where the owner writes."""

from . import posts  # noqa: F401
