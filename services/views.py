"""The catalogue's pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from .models import AddOn, Service


@require_safe
def service_list(request: HttpRequest) -> HttpResponse:
    services = Service.objects.offered().with_prices().select_related("category")
    return render(request, "services/list.html", {"services": services})


@require_safe
def service_detail(request: HttpRequest, slug: str) -> HttpResponse:
    services = Service.objects.offered().with_prices().select_related("category")
    service = get_object_or_404(services, slug=slug)
    context = {
        "service": service,
        "add_ons": AddOn.objects.active().filter(services=service),
        "others": Service.objects.offered().with_prices().exclude(pk=service.pk)[:3],
    }
    return render(request, "services/detail.html", context)
