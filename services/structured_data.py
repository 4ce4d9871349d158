"""What search engines are told about the business and its services, in schema.org's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from typing import Any

from massagerx.lib.urls import absolute_media, absolute_url

from .models import Business, Service, ServiceOption


def business_id() -> str:
    """The address that stands for the business in every page's data."""
    return absolute_url("/#business")


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def business_thing(
    business: Business,
    *,
    image: str,
    zones: Iterable[str] = (),
    hours: Iterable[tuple[int, time, time]] = (),
    prices: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """The business as a `HealthAndBeautyBusiness` that serves a city and its zones. `image` is an absolute address;
    `hours` are weekday (0 is Monday), first and last hour of visits, 00:00 being the end of the day; `prices` the least
    and the highest in cents, travel included."""
    thing: dict[str, Any] = {
        "@type": "HealthAndBeautyBusiness",
        "@id": business_id(),
        "name": business.name,
        "url": absolute_url("/"),
        "image": image,
        "areaServed": [
            {"@type": "City", "name": business.city},
            *({"@type": "Place", "name": f"{zone}, {business.city}"} for zone in zones),
        ],
        "currenciesAccepted": "USD",
        "openingHoursSpecification": [
            {
                "@type": "OpeningHoursSpecification",
                "dayOfWeek": f"https://schema.org/{_WEEKDAYS[weekday]}",
                "opens": f"{opens:%H:%M}",
                "closes": f"{closes:%H:%M}" if closes != time(0) else "23:59",
            }
            for weekday, opens, closes in hours
        ],
    }
    if prices:
        thing["priceRange"] = "–".join(f"${cents / 100:.0f}" for cents in sorted(set(prices)))
    if business.logo:
        thing["logo"] = absolute_media(business.logo_url)
    if business.tagline:
        thing["description"] = business.tagline
    if business.phone:
        thing["telephone"] = business.phone.as_e164
    if business.email:
        thing["email"] = business.email
    return thing


def service_thing(
    service: Service, options: Iterable[ServiceOption], business: Business, *, travel_cents: int
) -> dict[str, Any]:
    """A `Service` with one `Offer` for each length, its price with the lowest travel fee (`travel_cents`), as
    the page shows it."""
    return {
        "@type": "Service",
        "name": service.name,
        "description": service.summary,
        "url": absolute_url(service.get_absolute_url()),
        "serviceType": service.name,
        "areaServed": {"@type": "City", "name": business.city},
        "provider": {
            "@type": "HealthAndBeautyBusiness",
            "@id": business_id(),
            "name": business.name,
            "url": absolute_url("/"),
        },
        "offers": [
            {
                "@type": "Offer",
                "name": f"{service.name}, {option.minutes} min",
                "url": absolute_url(service.get_absolute_url()),
                "availability": "https://schema.org/InStock",
                "priceSpecification": {
                    "@type": "PriceSpecification",
                    "minPrice": f"{(option.price_cents + travel_cents) / 100:.2f}",
                    "priceCurrency": "USD",
                },
            }
            for option in options
        ],
    }
