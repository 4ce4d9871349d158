"""The largest files that are taken, in bytes, and the largest picture in pixels."""

#: Of a megabyte.
MEGABYTE = 1024 * 1024

MOST_PICTURE_BYTES = 5 * MEGABYTE
MOST_PICTURE_PIXELS = 25_000_000
#: A clinician's note, as a PDF or a photo of it.
MOST_NOTE_BYTES = 10 * MEGABYTE
#: The booklet that the site mails.
MOST_BOOKLET_BYTES = 10 * MEGABYTE
