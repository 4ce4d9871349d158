"""How an amount of money is written."""

from django import template

register = template.Library()


@register.filter
def dollars(cents: int | None) -> str:
    """Integer cents as US dollars: `$165`, `$62.50`, `$1,250`; nothing for None."""
    if cents is None:
        return ""
    sign = "−" if cents < 0 else ""
    whole, part = divmod(abs(int(cents)), 100)
    return f"{sign}${whole:,}.{part:02}" if part else f"{sign}${whole:,}"


@register.filter
def plus_cents(cents: int | None, more: int | None) -> int | None:
    """The sum of two amounts in cents, where a missing second one counts as none; None when there is no first."""
    return None if cents is None else int(cents) + int(more or 0)
