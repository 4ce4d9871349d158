"""Addresses of staff's pages about offices, under `/admin/`; they stand before those of Django's admin."""

from django.urls import path

from . import desk

_REFERRAL = "referrals/referral/"

urlpatterns = [
    path(
        "referrals/referraloffice/<int:pk>/address/",
        desk.address_page,
        name="referrals_referraloffice_address",
    ),
    path(f"{_REFERRAL}<str:key>/change/", desk.referral_page, name="referrals_referral_change"),
    path(f"{_REFERRAL}<str:key>/history/", desk.referral_history, name="referrals_referral_history"),
    path(f"{_REFERRAL}<int:pk>/open/", desk.open_entry, name="referrals_referral_open"),
    path(f"{_REFERRAL}<int:pk>/approve/", desk.approve, name="referrals_referral_approve"),
    path(f"{_REFERRAL}<int:pk>/take-back/", desk.take_back, name="referrals_referral_take_back"),
    path(f"{_REFERRAL}<int:pk>/download/", desk.download, name="referrals_referral_download"),
    path(f"{_REFERRAL}<int:pk>/erase/", desk.erase, name="referrals_referral_erase"),
    path(f"{_REFERRAL}<int:pk>/plan/", desk.plan_by_phone, name="referrals_referral_plan"),
]
