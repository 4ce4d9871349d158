"""HTML nested anew before a parser sees it: what is kept, and that the work grows with what was sent and no more."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from massagerx.lib import html as lib_html
from massagerx.lib.html import LONGEST_HTML, MOST_TAGS, clean_html, when_typed
from massagerx.lib.straight import DEEPEST, MOST_INLINE, nested, pieces, straight

TAGS = {"p", "div", "ul", "ol", "li", "b", "i", "a", "br", "figure", "figcaption", "img", "table", "td"}
ATTRIBUTES = {"a": {"href"}, "img": {"src", "alt"}}
ATTACKS = [
    "<ul>", "<ul><li>", "<div>", "<b>", "<b id={}>", "<i><b>", "<p><b>", "<a href={}>", "<table><td>", "<figure>",
    "<!--", "<![if", "</p>", "</div>", "<br>", "<img ", "<a <a ", '<p a="', "<p a='", "<", "</", "<?", "<script>",
    "<p style=", "<a href", "<b></i>", "<script></script ", '<a ="', "<b><p></b>", "<a\t=", "<a " + "x" * 50,
]  # fmt: skip


def steps(html: str) -> int:
    return sum(1 for _ in nested(html, tags=TAGS))


@pytest.mark.parametrize("attack", ATTACKS)
def test_pieces_grow_with_the_text_and_no_faster(attack: str) -> None:
    def made(times: int) -> str:
        return "".join(attack.replace("{}", str(number)) for number in range(times))

    small, large = steps(made(200)), steps(made(2000))

    # Bold and italics open at one place are written again where one ends before the other: at most so many times.
    assert large <= 10 * (small + 2 * DEEPEST)
    assert large <= (2 + 2 * MOST_INLINE) * 2000 * 3


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_stands_deeper_than_people_read(attack: str) -> None:
    open_now = deepest = 0
    for piece in nested("".join(attack.replace("{}", str(number)) for number in range(500)), tags=TAGS):
        if piece.tag and piece.tag not in ("p", "li", "td", "br", "img"):
            open_now += -1 if piece.ends else 1
            deepest = max(deepest, open_now)
    assert deepest <= DEEPEST
    assert open_now == 0


@given(st.text(alphabet="<>/ab=\"' p!-lu", max_size=60))
def test_what_comes_out_is_read_again_as_itself(html: str) -> None:
    once = straight(html, tags=TAGS, attributes=ATTRIBUTES)

    assert straight(once, tags=TAGS, attributes=ATTRIBUTES) == once


@given(st.text(alphabet="<>/ab=\"' p!-l&;", max_size=60))
def test_every_piece_is_taken_once(html: str) -> None:
    """No character is looked at by two pieces, so the whole is one pass."""
    assert sum(len(piece.attributes) for piece in pieces(html)) <= len(html)


@pytest.mark.parametrize(
    ("html", "came"),
    [
        ("<p>a<p>b", "<p>a<p>b"),
        ("<b>a<i>b</b>c</i>", "<b>a<i>b</i></b><i>c</i>"),
        ("<div>a</b></div></div>b", "<div>a</div>b"),
        ("<a href='x?a=1&b=\"2\"' onclick=y()>a</a>", '<a href="x?a=1&amp;b=&quot;2&quot;">a</a>'),
        ('<b ="><ul><ul>">a</b>', "<b>a</b>"),
        ("<script>if (a<b) '</b>'</script>c", "c"),
        ("<style>a</STYLE >b", "b"),
        ("<!-- a > b -->c", "c"),
        ("5 < 6 & 7 > 2", "5 &lt; 6 &amp; 7 &gt; 2"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("<a href=x>a<a href=y>b", '<a href="x">a</a><a href="y">b</a>'),
        ("<figure><figure><img src=a>", '<figure></figure><figure><img src="a"></figure>'),
        ("a<x>b</x><br/>c", "ab<br>c"),
        ("<p", "<p>"),
    ],
)
def test_tags_end_where_they_belong(html: str, came: str) -> None:
    assert straight(html, tags=TAGS, attributes=ATTRIBUTES) == came


def test_parser_is_given_no_more_than_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    given_to: list[str] = []
    real = lib_html.nh3.clean

    def counting(html: str, **options: object) -> str:
        given_to.append(html)
        return real(html, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(lib_html.nh3, "clean", counting)
    for attack in ATTACKS:
        clean_html(attack * 500)
    assert max(max(_depths(html)) for html in given_to) <= DEEPEST
    assert len(given_to) == len(ATTACKS)


def _depths(html: str) -> list[int]:
    depth, depths = 0, [0]
    for slash, name in re.findall(r"<(/?)([a-z0-9]+)", html):
        if name not in ("p", "li", "br", "hr", "img"):
            depth += -1 if slash else 1
            depths.append(depth)
    return depths


def test_typed_text_is_refused_when_no_real_one_is_so_long() -> None:
    clean = when_typed(clean_html)

    assert clean("<p>" + "a" * (LONGEST_HTML - 7) + "</p>")
    for html, code in [
        ("a" * (LONGEST_HTML + 1), "max_length"),
        ("&" * (4 * MOST_TAGS + 4), "too_many_tags"),
        ("<p>a" * (MOST_TAGS + 1), "too_many_tags"),
        ("</p>" * (MOST_TAGS + 1), "too_many_tags"),
    ]:
        with pytest.raises(ValidationError) as refused:
            clean(html)
        assert refused.value.code == code
