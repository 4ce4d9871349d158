"""Addresses of staff's own pages, under `/admin/` and named as `admin:` names them. They stand before those of Django's
admin, so that a row of such a model opens on its page here."""

from django.urls import path

from . import (
    board,
    calls,
    check_ins,
    client_data,
    clients,
    closing,
    correcting,
    enquiries,
    find,
    front_page,
    health,
    invitations,
    late_changes,
    messages,
    moving,
    my_day,
    opening,
    reflow,
    reports,
    rescue,
    screening_trial,
    second_thoughts,
    steps,
    therapists,
    time_off,
    visit,
    zip_codes,
)

_VISIT, _CLIENT, _CHANGE = "bookings/booking/", "bookings/client/", "bookings/changerequest/"
_CONTACT, _MESSAGE = "bookings/contactmessage/", "bookings/message/"

urlpatterns = [
    path("", front_page.front_page, name="index"),
    path("opening/", opening.opening_page, name="opening"),
    path("auth/user/add/", invitations.invite_page, name="auth_user_add"),
    path("auth/user/<int:pk>/password/", invitations.password_link_page, name="auth_user_password_change"),
    path("me/", my_day.me_page, name="my_own"),
    path("me/pins/", check_ins.pins_page, name="my_pins"),
    path("me/stay-away/", my_day.stay_away, name="my_stay_away"),
    path(f"{_VISIT}day/", board.day_board, name="bookings_booking_day"),
    path(f"{_VISIT}day/sheet/", board.day_sheet, name="bookings_booking_sheet"),
    path(f"{_VISIT}week/", board.week_board, name="bookings_booking_week"),
    path(f"{_VISIT}book/", find.find_page, name="bookings_booking_book"),
    path(f"{_VISIT}late/", reflow.reflow_page, name="bookings_booking_reflow"),
    path(f"{_VISIT}close/", closing.close_visits, name="bookings_booking_close"),
    path(f"{_VISIT}undo/<uuid:press>/", second_thoughts.undo_press, name="bookings_booking_undo"),
    path(f"{_VISIT}rescue/", rescue.rescue_page, name="bookings_booking_rescue"),
    path(f"{_VISIT}reports/", reports.reports_page, name="bookings_booking_reports"),
    path(f"{_VISIT}reports/days/", reports.days_page, name="bookings_booking_days_behind"),
    path(f"{_VISIT}reports/<slug:table>.csv", reports.report_csv, name="bookings_booking_report_csv"),
    path(f"{_VISIT}export/", reports.bookings_csv, name="bookings_booking_export"),
    path(f"{_VISIT}<str:key>/change/", visit.visit_page, name="bookings_booking_change"),
    path(f"{_VISIT}<str:key>/history/", visit.visit_history, name="bookings_booking_history"),
    path(f"{_VISIT}<int:pk>/do/<slug:action>/", visit.change_status, name="bookings_booking_do"),
    path(f"{_VISIT}<int:pk>/pin/", check_ins.enter_pin, name="bookings_booking_pin"),
    path(f"{_VISIT}<int:pk>/check-in/", check_ins.check_in_page, name="bookings_booking_check_in"),
    path(f"{_VISIT}<int:pk>/step/<slug:kind>/", steps.press, name="bookings_booking_step"),
    path(f"{_VISIT}<int:pk>/undo/<uuid:key>/", steps.undo, name="bookings_booking_undo_step"),
    path(f"{_VISIT}<int:pk>/clinician-note/", visit.record_note, name="bookings_booking_note"),
    path(f"{_VISIT}<int:pk>/health/", health.health_page, name="bookings_booking_health"),
    path(f"{_VISIT}<int:pk>/note-file/<int:file>/", health.note_file, name="bookings_booking_note_file"),
    path(f"{_VISIT}<int:pk>/move/", moving.move_page, name="bookings_booking_move"),
    path(f"{_VISIT}<int:pk>/correct/", correcting.correct_page, name="bookings_booking_correct"),
    path(f"{_VISIT}<int:pk>/cancel-late/", late_changes.cancel_with_fee, name="bookings_booking_cancel_late"),
    path(
        f"{_VISIT}<int:pk>/late-fee/<slug:answer>/", late_changes.decide_fee, name="bookings_booking_late_fee"
    ),
    path(f"{_CHANGE}<str:key>/change/", late_changes.late_change_page, name="bookings_changerequest_change"),
    path(
        f"{_CHANGE}<int:pk>/answer/<slug:answer>/",
        late_changes.answer_late_change,
        name="bookings_changerequest_answer",
    ),
    path(f"{_CLIENT}<str:key>/change/", clients.client_page, name="bookings_client_change"),
    path(f"{_CLIENT}<int:pk>/note/", clients.write_note, name="bookings_client_note"),
    path(
        f"{_CLIENT}<int:pk>/note/<int:note>/settle/", clients.settle_note, name="bookings_client_settle_note"
    ),
    path(f"{_CLIENT}<int:pk>/pair/", clients.pair_with, name="bookings_client_pair"),
    path(f"{_CLIENT}<int:pk>/unpair/<int:pairing>/", clients.unpair, name="bookings_client_unpair"),
    path(f"{_CLIENT}<int:pk>/merge/", clients.merge_page, name="bookings_client_merge"),
    path(f"{_CLIENT}<int:pk>/export/", client_data.export_page, name="bookings_client_export"),
    path(f"{_CLIENT}<int:pk>/erase/", client_data.erase_page, name="bookings_client_erase"),
    path(
        f"{_CONTACT}<str:key>/change/", enquiries.contact_message_page, name="bookings_contactmessage_change"
    ),
    path(f"{_CONTACT}<int:pk>/answer/", enquiries.send_answer, name="bookings_contactmessage_answer"),
    path(f"{_CONTACT}<int:pk>/close/", enquiries.close_message, name="bookings_contactmessage_close"),
    path("bookings/servicearea/paste/", zip_codes.paste_page, name="bookings_servicearea_paste"),
    path("bookings/booklet/current/", enquiries.booklet_file, name="bookings_booklet_current"),
    path(f"{_MESSAGE}calls/", calls.calls_page, name="bookings_message_calls"),
    path(f"{_MESSAGE}<int:pk>/tell/", calls.tell, name="bookings_message_tell"),
    path(f"{_MESSAGE}<str:key>/change/", messages.message_page, name="bookings_message_change"),
    path(f"{_MESSAGE}<int:pk>/html/", messages.message_html, name="bookings_message_html"),
    path("bookings/timeoff/wish/<int:pk>/", time_off.wish_page, name="bookings_timeoff_wish"),
    path(
        "bookings/screeningversion/<int:pk>/try/",
        screening_trial.trial_page,
        name="bookings_screeningversion_try",
    ),
    path("bookings/therapist/<int:pk>/feed/", therapists.feed_page, name="bookings_therapist_feed"),
]
