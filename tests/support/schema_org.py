"""The part of schema.org's vocabulary that the site speaks, and what is wrong with a document that claims to.

Types with their parents, and properties with the types that have them and the types that they take, after schema.org
and by hand: only what our pages use, so that a slip of the pen in a page's data is found.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

TYPES: dict[str, tuple[str, ...]] = {
    "Thing": (),
    "CreativeWork": ("Thing",),
    "Article": ("CreativeWork",),
    "SocialMediaPosting": ("Article",),
    "BlogPosting": ("SocialMediaPosting",),
    "WebPage": ("CreativeWork",),
    "FAQPage": ("WebPage",),
    "Comment": ("CreativeWork",),
    "Question": ("Comment",),
    "Answer": ("Comment",),
    "MediaObject": ("CreativeWork",),
    "ImageObject": ("MediaObject",),
    "VideoObject": ("MediaObject",),
    "Organization": ("Thing",),
    "Place": ("Thing",),
    "AdministrativeArea": ("Place",),
    "City": ("AdministrativeArea",),
    "LocalBusiness": ("Organization", "Place"),
    "HealthAndBeautyBusiness": ("LocalBusiness",),
    "Person": ("Thing",),
    "Intangible": ("Thing",),
    "Service": ("Intangible",),
    "Offer": ("Intangible",),
    "ItemList": ("Intangible",),
    "BreadcrumbList": ("ItemList",),
    "ListItem": ("Intangible",),
    "StructuredValue": ("Intangible",),
    "PriceSpecification": ("StructuredValue",),
    "OpeningHoursSpecification": ("StructuredValue",),
}
# What a plain value must look like.
TEXT, URL, NUMBER, DATE, TIME = "Text", "URL", "Number", "Date", "Time"

PROPERTIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "name": (("Thing",), (TEXT,)),
    "description": (("Thing",), (TEXT,)),
    "url": (("Thing",), (URL,)),
    "image": (("Thing",), (URL, "ImageObject")),
    "mainEntityOfPage": (("Thing",), (URL, "CreativeWork")),
    "mainEntity": (("CreativeWork",), ("Thing",)),
    "acceptedAnswer": (("Question",), ("Answer", "ItemList")),
    "text": (("CreativeWork",), (TEXT,)),
    "headline": (("CreativeWork",), (TEXT,)),
    "datePublished": (("CreativeWork",), (DATE,)),
    "dateModified": (("CreativeWork",), (DATE,)),
    "author": (("CreativeWork",), ("Organization", "Person")),
    "publisher": (("CreativeWork",), ("Organization", "Person")),
    "keywords": (("CreativeWork", "Organization", "Place"), (TEXT, URL)),
    "inLanguage": (("CreativeWork",), (TEXT,)),
    "wordCount": (("Article",), (NUMBER,)),
    "video": (("CreativeWork",), ("VideoObject",)),
    "embedUrl": (("MediaObject",), (URL,)),
    "uploadDate": (("MediaObject",), (DATE,)),
    "thumbnailUrl": (("CreativeWork",), (URL,)),
    "areaServed": (("Organization", "Service", "Offer"), (TEXT, "AdministrativeArea", "Place")),
    "currenciesAccepted": (("LocalBusiness",), (TEXT,)),
    "priceRange": (("LocalBusiness",), (TEXT,)),
    "openingHoursSpecification": (("Place",), ("OpeningHoursSpecification",)),
    "dayOfWeek": (("OpeningHoursSpecification",), (URL,)),
    "opens": (("OpeningHoursSpecification",), (TIME,)),
    "closes": (("OpeningHoursSpecification",), (TIME,)),
    "telephone": (("Organization", "Person", "Place"), (TEXT,)),
    "email": (("Organization", "Person"), (TEXT,)),
    "serviceType": (("Service",), (TEXT,)),
    "provider": (("Service", "CreativeWork"), ("Organization", "Person")),
    "offers": (("Service", "CreativeWork"), ("Offer",)),
    "availability": (("Offer",), (URL,)),
    "priceSpecification": (("Offer",), ("PriceSpecification",)),
    "minPrice": (("PriceSpecification",), (NUMBER,)),
    "priceCurrency": (("PriceSpecification", "Offer"), (TEXT,)),
    "itemListElement": (("ItemList",), ("ListItem", "Thing", TEXT)),
    "position": (("ListItem", "CreativeWork"), (NUMBER,)),
    "item": (("ListItem",), ("Thing", URL)),
}


def kinds(name: str) -> set[str]:
    """A type and all that it is a kind of."""
    return {name}.union(*(kinds(parent) for parent in TYPES[name]))


def faults(thing: Any, where: str = "") -> list[str]:
    """What a schema.org document says that the vocabulary doesn't have, one line each."""
    if not isinstance(thing, dict):
        return [f"{where}: not a thing"]
    if "@graph" in thing:
        context = [] if thing.get("@context") == "https://schema.org" else ["@context is not schema.org's"]
        return context + [fault for part in thing["@graph"] for fault in faults(part, part.get("@type", "?"))]
    kind = thing.get("@type")
    if kind not in TYPES:
        return [f"{where}: no type {kind}"]
    found = []
    for name, value in thing.items():
        if name in ("@type", "@id"):
            continue
        place = f"{where}.{name}"
        if name not in PROPERTIES:
            found.append(f"{place}: no such property")
            continue
        domains, ranges = PROPERTIES[name]
        if not kinds(kind) & set(domains):
            found.append(f"{place}: {kind} has no {name}")
        for one in value if isinstance(value, list) else [value]:
            found += _value_faults(one, ranges, place)
    return found


def _value_faults(value: Any, ranges: tuple[str, ...], place: str) -> list[str]:
    if isinstance(value, dict):
        inside = faults(value, place)
        kind = value.get("@type")
        fits = kind in TYPES and kinds(kind) & set(ranges)
        return inside + ([] if fits or inside else [f"{place}: takes no {kind}"])
    if any(_is_plain(value, kind) for kind in ranges):
        return []
    return [f"{place}: {value!r} is none of {', '.join(ranges)}"]


def _is_plain(value: Any, kind: str) -> bool:
    if kind == NUMBER:
        try:
            float(value)
        except (TypeError, ValueError):
            return False
        return True
    if not isinstance(value, str) or not value.strip():
        return False
    if kind == URL:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.netloc)
    if kind == TIME:
        return len(value) == 5 and value[2] == ":" and value[:2] < "24" and value[3:] < "60"
    if kind == DATE:
        return len(value) >= 10 and value[4] == value[7] == "-"
    return kind == TEXT
