"""Plots as SVG, drawn here. Colors come from admin.css by class; a second series also differs by its outline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Sizes in the units of the picture, which a phone shows about as large as pixels.
_WIDTH = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 12, 24
_HEIGHT = 190
_ROW = 38
_CHARACTERS = 46
_DAY, _DAY_ROW = 40, 24


@dataclass(frozen=True, slots=True)
class Series:
    """Values for each label, None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn: `name` is the picture's id on the page, `words` say what it shows, `show` writes a value."""

    name: str
    title: str
    words: str
    labels: Sequence[str]
    series: Sequence[Series]
    show: Callable[[float], str]


def columns(chart: Chart) -> SafeString:
    """Upright bars, one to three series beside each other, for periods of time."""
    labels, series = chart.labels, chart.series
    top = _nice(max(_values(series), default=0.0))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    thick = step * 0.76 / max(1, len(series))
    bars = [
        (
            place,
            _LEFT + step * (number + 0.12) + thick * place,
            _height(value, top),
            thick,
        )
        for place, one in enumerate(series)
        for number, value in enumerate(one.values)
        if value
    ]
    marks = format_html_join(
        "\n",
        '<rect class="chart-bar chart-bar--{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>',
        (
            (place + 1, _n(x), _n(_HEIGHT - _BOTTOM - tall), _n(max(1.0, wide - 1)), _n(tall))
            for place, x, tall, wide in bars
        ),
    )
    return _framed(chart, _HEIGHT, _scale(top, chart.show) + _below(labels, step) + marks)


def line(chart: Chart) -> SafeString:
    """A line with a dot for each value of the first series; it breaks where there is none."""
    labels, series = chart.labels, chart.series[0]
    top = _nice(max(_values([series]), default=0.0))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    points = [
        None
        if value is None
        else (_n(_LEFT + step * (number + 0.5)), _n(_HEIGHT - _BOTTOM - _height(value, top)))
        for number, value in enumerate(series.values)
    ]
    lines = format_html_join(
        "\n", '<polyline class="chart-line" points="{}"/>', ((" ".join(run),) for run in _runs(points))
    )
    dots = format_html_join(
        "\n",
        '<circle class="chart-dot" cx="{}" cy="{}" r="3.5"/>',
        (point for point in points if point is not None),
    )
    return _framed(chart, _HEIGHT, _scale(top, chart.show) + _below(labels, step) + lines + dots)


def bars(chart: Chart) -> SafeString:
    """Lying bars, each under its label and before its value, for things that have names; the first series."""
    labels, series, show = chart.labels, chart.series[0], chart.show
    most = max(_values([series]), default=0.0) or 1.0
    room = _WIDTH - 90
    marks = format_html_join(
        "\n",
        '<text class="chart-label" x="2" y="{}">{}</text>'
        '<rect class="chart-bar chart-bar--1" x="2" y="{}" width="{}" height="12" rx="1.5"/>'
        '<text class="chart-value" x="{}" y="{}">{}</text>',
        (
            (
                13 + _ROW * number,
                label if len(label) <= _CHARACTERS else f"{label[: _CHARACTERS - 1]}…",
                19 + _ROW * number,
                _n(max(1.0, (value or 0.0) / most * room)),
                _n((value or 0.0) / most * room + 8),
                30 + _ROW * number,
                "–" if value is None else show(value),
            )
            for number, (label, value) in enumerate(zip(labels, series.values, strict=True))
        ),
    )
    return _framed(chart, max(_ROW, _ROW * len(labels)), marks)


def week(
    name: str, *, title: str, words: str, days: Sequence[tuple[str, Sequence[tuple[int, int, bool]]]]
) -> SafeString:
    """A week of hours: for each day its label and spans, from and until as minutes after midnight, and whether the
    span is in force; one that isn't is only outlined."""
    spans = [span for _label, of_day in days for span in of_day]
    first = min([8 * 60, *(start for start, _end, _now in spans)]) // 60
    last = -(-max([19 * 60, *(end for _start, end, _now in spans)]) // 60)
    hour = (_WIDTH - _DAY - _RIGHT) / (last - first)
    foot = _DAY_ROW * len(days)
    every = 2 if last - first > 8 else 1
    grid = format_html_join(
        "\n",
        '<line class="chart-grid" x1="{}" x2="{}" y1="0" y2="{}"/>'
        '<text class="chart-tick chart-tick--below" x="{}" y="{}">{}</text>',
        (
            (
                _n(x),
                _n(x),
                foot,
                _n(x),
                foot + 15,
                f"{number % 12 or 12} {'AM' if number % 24 < 12 else 'PM'}",
            )
            for number in range(first, last + 1, every)
            for x in [_DAY + hour * (number - first)]
        ),
    )
    labels = format_html_join(
        "\n",
        '<text class="chart-label" x="2" y="{}">{}</text>',
        ((_DAY_ROW * number + 16, label) for number, (label, _spans) in enumerate(days)),
    )
    marks = format_html_join(
        "\n",
        '<rect class="chart-bar chart-bar--{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>',
        (
            (
                1 if in_force else 2,
                _n(_DAY + hour * (start / 60 - first)),
                _DAY_ROW * number + 4,
                _n(hour * (end - start) / 60),
                _DAY_ROW - 8,
            )
            for number, (_label, of_day) in enumerate(days)
            # What is in force is drawn over what isn't.
            for start, end, in_force in sorted(of_day, key=lambda span: span[2])
        ),
    )
    return _picture(name, title, words, foot + 20, grid + labels + marks)


# Parts -----------------------------------------------------------------------------------------------------------


def _framed(chart: Chart, height: int, inside: SafeString) -> SafeString:
    return _picture(chart.name, chart.title, chart.words, height, inside)


def _picture(name: str, title: str, words: str, height: int, inside: SafeString) -> SafeString:
    return format_html(
        '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
        '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}</svg>',
        *(_WIDTH, height, name, name, name, title, name, words, inside),
    )


def _scale(top: float, show: Callable[[float], str]) -> SafeString:
    """Four lines across with their values: none, and up to the top."""
    return format_html_join(
        "\n",
        '<line class="chart-grid" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="chart-tick chart-tick--value" x="{}" y="{}">{}</text>',
        (
            (_LEFT, _WIDTH - _RIGHT, _n(y), _n(y), _LEFT - 6, _n(y + 4), show(top * part / 4))
            for part in range(5)
            for y in [_HEIGHT - _BOTTOM - _height(top * part / 4, top)]
        ),
    )


def _below(labels: Sequence[str], step: float) -> SafeString:
    """As many of the labels as have room."""
    every = max(1, ceil(38 / step))
    return format_html_join(
        "\n",
        '<text class="chart-tick chart-tick--below" x="{}" y="{}">{}</text>',
        (
            (_n(_LEFT + step * (number + 0.5)), _HEIGHT - 7, label)
            for number, label in enumerate(labels)
            if number % every == 0
        ),
    )


def _values(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def _height(value: float, top: float) -> float:
    return value / top * (_HEIGHT - _TOP - _BOTTOM)


def _runs(points: Sequence[tuple[str, str] | None]) -> list[list[str]]:
    """Stretches of points without a gap, each point as `x,y`."""
    runs: list[list[str]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(",".join(point))
    return [run for run in runs if len(run) > 1]


def _nice(value: float) -> float:
    """A round number that is not below `value`, of which a quarter is round too: 4, 8, 20, 40, 80, 200…"""
    if value <= 4:
        return 4.0
    unit = 10.0 ** floor(log10(value))
    return next(unit * times for times in (1.0, 2.0, 4.0, 6.0, 8.0, 10.0) if value <= unit * times)


def _n(value: float) -> str:
    """A number as SVG reads it, in any language."""
    return f"{value:.1f}"
