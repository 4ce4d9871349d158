"""How often beat sends which task, in seconds; what waited longer than `expires` is dropped, since the next is near."""

from typing import Any

SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep-outbox": {"task": "bookings.tasks.sweep_outbox", "schedule": 30.0, "options": {"expires": 25}},
    "watch-doors": {"task": "bookings.tasks.watch_doors", "schedule": 30.0, "options": {"expires": 25}},
    "expire-requests": {"task": "bookings.tasks.expire_requests", "schedule": 60.0},
    "tell-of-stranded-visits": {
        "task": "bookings.tasks.tell_of_stranded_visits",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "tell-of-visits-not-closed": {
        "task": "bookings.tasks.tell_of_visits_not_closed",
        "schedule": 300.0,
        "options": {"expires": 250},
    },
    "take-up-next-prices": {"task": "bookings.tasks.take_up_next_prices", "schedule": 60.0},
    "release-expired-holds": {"task": "bookings.tasks.release_expired_holds", "schedule": 60.0},
    "purge-sessions": {"task": "bookings.tasks.purge_sessions", "schedule": 3600.0},
    "purge-area-requests": {"task": "bookings.tasks.purge_area_requests", "schedule": 86_400.0},
    "purge-health-answers": {"task": "bookings.tasks.purge_health_answers", "schedule": 86_400.0},
    "purge-access-notes": {"task": "bookings.tasks.purge_access_notes", "schedule": 86_400.0},
    "purge-records": {"task": "bookings.tasks.purge_records", "schedule": 86_400.0},
    "erase-long-gone-clients": {"task": "bookings.tasks.erase_long_gone_clients", "schedule": 86_400.0},
    "purge-drafts": {"task": "bookings.tasks.purge_drafts", "schedule": 3600.0},
    "purge-links": {"task": "bookings.tasks.purge_links", "schedule": 3600.0},
    "purge-copies": {"task": "bookings.tasks.purge_copies", "schedule": 3600.0},
    "purge-steps": {"task": "bookings.tasks.purge_steps", "schedule": 86_400.0},
    "purge-incidents": {"task": "bookings.tasks.purge_incidents", "schedule": 86_400.0},
    "purge-second-thoughts": {"task": "bookings.tasks.purge_second_thoughts", "schedule": 3600.0},
    "purge-enquiries": {"task": "bookings.tasks.purge_enquiries", "schedule": 3600.0},
    "refresh-drives": {
        "task": "bookings.drives.tasks.refresh_drives",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "learn-from-drives": {"task": "bookings.drives.tasks.learn_from_drives", "schedule": 86_400.0},
    "remind-of-programs": {"task": "bookings.program.tasks.remind_of_programs", "schedule": 1800.0},
    "make-booklets": {
        "task": "bookings.program.tasks.make_booklets",
        "schedule": 10.0,
        "options": {"expires": 8},
    },
    "purge-booklets": {"task": "bookings.program.tasks.purge_booklets", "schedule": 86_400.0},
    "ask-for-reviews": {"task": "bookings.reviews.tasks.ask_for_reviews", "schedule": 1800.0},
    "purge-reviews": {"task": "bookings.reviews.tasks.purge_reviews", "schedule": 86_400.0},
    "make-picture-sizes": {
        "task": "blog.tasks.make_picture_sizes",
        "schedule": 20.0,
        "options": {"expires": 15},
    },
    "make-photo-sizes": {
        "task": "bookings.tasks.make_photo_sizes",
        "schedule": 20.0,
        "options": {"expires": 15},
    },
    "make-exercise-picture-sizes": {
        "task": "bookings.program.tasks.make_picture_sizes",
        "schedule": 20.0,
        "options": {"expires": 15},
    },
    "forget-uploads": {"task": "blog.tasks.forget_uploads", "schedule": 3600.0},
    "count-stored-files": {"task": "massagerx.site.tasks.count_stored_files", "schedule": 86_400.0},
    "draw-share-pictures": {
        "task": "blog.tasks.draw_share_pictures",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
}
