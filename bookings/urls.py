"""Addresses of the booking steps and of the people who visit."""

from django.urls import path

from .views import booking, feed, outside, therapists, when

app_name = "bookings"
urlpatterns = [
    path("calendar/<str:token>.ics", feed.feed, name="feed"),
    path("therapists/", therapists.therapist_list, name="therapists"),
    path("book/", booking.what, name="start"),
    path("book/where/", booking.where, name="where"),
    path("book/outside/", outside.outside, name="outside"),
    path("book/when/", when.when, name="when"),
    path("book/details/", booking.details, name="details"),
    path("book/health/", booking.health, name="health"),
    path("book/review/", booking.review, name="review"),
    path("book/done/", booking.done, name="done"),
    path("book/start-over/", booking.start_over, name="start_over"),
]
