"""Addresses of the blog and of the pages that the owner edits; `massagerx.urls` adds the one for writing to us."""

from django.urls import path

from . import feeds, views

app_name = "blog"
urlpatterns = [
    path("blog/", views.post_list, name="list"),
    path("blog/search/", views.post_search, name="search"),
    path("blog/preview/<str:token>/", views.post_preview, name="preview"),
    path("blog/feed/", feeds.post_feed, name="feed"),
    path("blog/tag/<slug:slug>/", views.post_tag, name="tag"),
    path("blog/<slug:slug>/", views.post_detail, name="detail"),
    path("about/", views.page, {"slug": "about"}, name="about"),
    path("policies/", views.page, {"slug": "policies"}, name="policies"),
    path("privacy/", views.page, {"slug": "privacy"}, name="privacy"),
    path("media/<path:name>", views.media, name="media"),
    path("faq/", views.faq, name="faq"),
]
