"""Addresses of staff's pages about reviews, under `/admin/`; they stand before those of Django's admin."""

from django.urls import path

from . import desk

_REVIEW = "reviews/review/"

urlpatterns = [
    path(f"{_REVIEW}<str:key>/change/", desk.review_page, name="reviews_review_change"),
    path(f"{_REVIEW}<str:key>/history/", desk.review_history, name="reviews_review_history"),
    path(f"{_REVIEW}<int:pk>/do/<slug:what>/", desk.decide, name="reviews_review_do"),
]
