"""An email's HTML in a frame loads nothing."""

from django.template.loader import render_to_string

from massagerx.lib.mail_frames import for_frame


def test_the_mark_is_in_the_html_and_nothing_else_changes() -> None:
    html = '<p>A &amp; B</p><img class="mark" src="https://example.com/static/img/mail-mark.0123abcd.png" alt="">'
    framed = for_frame(html)
    assert framed.startswith('<p>A &amp; B</p><img class="mark" src="data:image/png;base64,iVBOR')
    assert framed.endswith('" alt="">')
    assert "example.com" not in framed


def test_the_mark_of_real_emails_is_found() -> None:
    html = render_to_string("email/base.html", {})
    assert "mail-mark" in html
    assert "mail-mark" not in for_frame(html)
