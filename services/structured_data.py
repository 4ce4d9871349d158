"""What search engines are told about the business and its services, in schema.org's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from massagerx.lib.urls import absolute_url

from .models import Business, Service, ServiceOption


def business_id() -> str:
    """The address that stands for the business in every page's data."""
    return absolute_url("/#business")


def business_thing(business: Business, *, image: str) -> dict[str, Any]:
    """The business as a `HealthAndBeautyBusiness` that serves a city. `image` is an absolute address."""
    thing: dict[str, Any] = {
        "@type": "HealthAndBeautyBusiness",
        "@id": business_id(),
        "name": business.name,
        "url": absolute_url("/"),
        "image": image,
        "areaServed": {"@type": "City", "name": business.city},
        "currenciesAccepted": "USD",
    }
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
