"""What the catalogue and the business lack before clients can book."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _

from .models import Business, Category, Service, ServiceOption
from .readiness import Lack
from .sample_left import page_of, sample_left


def lacks(*, now: datetime) -> Iterator[Lack]:
    """Of the business, of what it offers, and of the sample that is still in place."""
    business = Business.load()
    yield from _of_the_business(business)
    with_length = Exists(ServiceOption.objects.active().filter(service=OuterRef("pk")))
    changed = Service.history.model.objects.filter(history_type="~")
    is_saved = Exists(changed.filter(id=OuterRef("pk")))
    every = list(Service.objects.annotate(has_length=with_length, is_saved=is_saved))
    services = [service for service in every if service.is_active]
    for service in every:
        if not service.is_active and not service.is_saved:
            words = _("“%(name)s” is a draft: go through its words and prices, then make it active.")
            yield Lack("catalogue", words % {"name": service.name}, page_of(service), stops=False)
    if not any(service.has_length for service in services):
        if not Category.objects.exists():
            words = _("Add a category for your services, such as Massage.")
            yield Lack("catalogue", words, reverse("admin:services_category_add"))
        words = _("Add a service, with a length and its price.")
        yield Lack("catalogue", words, reverse("admin:services_service_add"))
    for service in services:
        if not service.has_length:
            words = _("“%(name)s” has no length with a price, so it is not on the site.")
            yield Lack("catalogue", words % {"name": service.name}, page_of(service), stops=False)
    if business.is_sample:
        for left in sample_left():
            yield Lack("sample", _("Make yours: %(what)s") % {"what": left.words}, left.address)
        words = _("Take the tick off “still sample data”.")
        yield Lack("sample", words, reverse("admin:services_business_changelist"))


def _of_the_business(business: Business) -> Iterator[Lack]:
    page = reverse("admin:services_business_changelist")
    if not business.phone:
        yield Lack("business", _("Enter the phone number that clients call."), page)
    if not business.email:
        yield Lack("business", _("Enter the email address that clients write to."), page)
