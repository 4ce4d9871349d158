"""One way to write days and moments wherever Django writes them: as `bookings.staff.labels.local_when` does.

What is not here, such as what may be typed, is Django's own for English.
"""

DATE_FORMAT = SHORT_DATE_FORMAT = "D, M j, Y"
TIME_FORMAT = "g:i A"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "D, M j, Y, g:i A T"
FIRST_DAY_OF_WEEK = 0
