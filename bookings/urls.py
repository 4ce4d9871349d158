"""Addresses of the booking steps, of the people who visit, and of what can be asked without booking."""

from django.urls import path

from .courses import checking as course_checking
from .courses import views as course_views
from .program import views as program_views
from .referrals import views as referral_views
from .reviews import views as review_views
from .views import (
    agree,
    booking,
    details,
    enquiries,
    feed,
    health,
    invited,
    outside,
    staff_booking,
    therapists,
    when,
)

_BOOKLET = f"services/{enquiries.PROGRAM}/booklet/"

app_name = "bookings"
urlpatterns = [
    path("book/", booking.what, name="start"),
    path("book/where/", booking.where, name="where"),
    path("book/outside/", outside.outside, name="outside"),
    path("book/when/", when.when, name="when"),
    path("book/soonest/", when.soonest, name="soonest"),
    path("book/keep/", when.keep, name="keep"),
    path("book/health/", health.health, name="health"),
    path("book/details/", details.details, name="details"),
    path("book/review/", booking.review, name="review"),
    path("book/done/", booking.done, name="done"),
    path("book/start-over/", booking.start_over, name="start_over"),
    path("book/course/", course_views.course, name="course"),
    path("book/course/check/", course_checking.check, name="course_check"),
    path("book/for-a-client/", staff_booking.begin, name="staff_booking_begin"),
    path("book/for-a-client/leave/", staff_booking.leave, name="staff_booking_leave"),
    path("calendar/<str:token>.ics", feed.feed, name="feed"),
    path("therapists/", therapists.therapist_list, name="therapists"),
    path("therapists/<slug:slug>/", therapists.therapist_page, name="therapist"),
    path("refer/<str:token>/", referral_views.refer, name="refer"),
    path("referred/<str:token>/", referral_views.referred, name="referred"),
    path("program/<str:token>/", program_views.program, name="program"),
    path("program/<str:token>/<int:pk>/", program_views.press, name="program_press"),
    path("program/<str:token>/week/", program_views.check_week, name="program_week"),
    path("program/<str:token>/so-far/", program_views.so_far, name="program_so_far"),
    path("program/<str:token>/booklet/", program_views.fetch_booklet, name="program_booklet"),
    path("program/<str:token>/reminders/", program_views.reminders, name="program_reminders"),
    path("reviews/", review_views.reviews, name="reviews"),
    path("review/<str:token>/", review_views.your_review, name="your_review"),
    path("invited/<str:token>/", invited.invited, name="invited"),
    path("invited/<str:token>/second-factor/", invited.own_mailbox, name="own_mailbox"),
    path("agree/<str:token>/", agree.agree, name="agree"),
    # The form for writing to us stands on a page that `massagerx.site.views` puts together.
    path("call-back/", enquiries.call_back, name="call_back"),
    path("call-back/asked/", enquiries.call_asked, name="call_asked"),
    path("contact/sent/", enquiries.message_sent, name="message_sent"),
    path(_BOOKLET, enquiries.booklet_ask, name="booklet"),
    path(f"{_BOOKLET}asked/", enquiries.booklet_asked, name="booklet_asked"),
    path(f"{_BOOKLET}<str:token>/", enquiries.booklet_fetch, name="booklet_fetch"),
]
