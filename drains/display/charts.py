"""Series as SVG: a spark, and areas on top of each other. A gap stays a gap. No style attributes:
colours are classes of pages.css and overview.css, and words and figures stand beside as HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

Values = Sequence[float | None]
Point = tuple[float, float]


class Chart(NamedTuple):
    svg: SafeString
    top: float
    """What its upper edge stands for."""


def pointed(
    series: Mapping[str, Values], begins_at: datetime, step_seconds: int, unit: str = ""
) -> SafeString:
    """What charts.js shows of a step that is pointed at: attributes of what holds the chart."""
    told = {
        "from": begins_at.timestamp(),
        "step": step_seconds,
        "unit": unit,
        "series": {name: [_short(value) for value in of] for name, of in series.items()},
    }
    return format_html(' tabindex="0" data-steps="{}"', json.dumps(told, separators=(",", ":")))


def _short(value: float | None) -> float | None:
    """In no more digits than anybody reads."""
    return None if value is None else float(f"{value:.4g}")


def spark(values: Values, label: str) -> SafeString:
    """One series, small."""
    width, height = 300, 40
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    runs = [_points(values, run, top, width, height) for run in _runs(values)]
    paths = format_html_join(
        "",
        '<path class="fill" d="{}"/><path class="line" d="{}"/>',
        ((_down_to(run, height), _line(run)) for run in runs),
    )
    return _svg("spark", width, height, label, paths)


def mini(values: Values) -> SafeString:
    """One series in a row of a list: a line of half the points. The figure stands beside it."""
    width, height = 46, 16
    pairs = [_mean(values[at : at + 2]) for at in range(0, len(values), 2)]
    top = max((value for value in pairs if value is not None), default=0.0)
    if not top:
        return SafeString("")
    runs = [_points(pairs, run, top, width, height) for run in _runs(pairs)]
    paths = format_html_join("", '<path class="line" d="{}"/>', ((_line(run),) for run in runs))
    return format_html(
        '<svg class="spark mini" viewBox="0 0 {} {}" preserveAspectRatio="none"'
        ' aria-hidden="true">{}</svg>',
        width,
        height,
        paths,
    )


def _mean(values: Values) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def stacked(series: Mapping[str, Values], label: str) -> Chart:
    """From the bottom up, in their order."""
    width, height = 600, 120
    names = list(series)
    count = len(series[names[0]]) if names else 0
    known: list[float | None] = [
        None if all(series[name][at] is None for name in names) else 0.0 for at in range(count)
    ]
    sums = [0.0] * count
    layers = []
    for name in names:
        sums = [below + (value or 0.0) for below, value in zip(sums, series[name], strict=True)]
        layers.append(sums)
    top = nice(max(sums, default=0.0))
    drawn = [
        (number + 1, _down_to(run, height), number + 1, _line(run))
        for number, layer in reversed(list(enumerate(layers)))
        for at in _runs(known)
        for run in [_points(layer, at, top, width, height)]
    ]
    paths = format_html_join("", '<path class="s{}" d="{}"/><path class="s{} edge" d="{}"/>', drawn)
    grid = format_html('<path class="grid" d="M0 .5H{}M0 {}H{}"/>', width, height / 2, width)
    return Chart(_svg("layers", width, height, label, format_html("{}{}", grid, paths)), top)


def nice(value: float) -> float:
    """The next round number, for the top of an axis."""
    power = 1.0
    while power * 10 < value:
        power *= 10
    steps = (step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8) if step * power >= value)
    return next(steps, 10 * power)


def _svg(classes: str, width: int, height: int, label: str, inside: SafeString) -> SafeString:
    return format_html(
        '<svg class="{}" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>',
        classes,
        width,
        height,
        label,
        inside,
    )


def _runs(values: Values) -> Iterator[range]:
    """Where values stand side by side."""
    begin = None
    for at, value in enumerate([*values, None]):
        if value is not None and begin is None:
            begin = at
        elif value is None and begin is not None:
            yield range(begin, at)
            begin = None


def _points(values: Values, run: range, top: float, width: int, height: int) -> list[Point]:
    """A value that stands alone is drawn as wide as its step."""
    step = width / max(len(values) - 1, 1)
    found = [(at * step, height - (values[at] or 0.0) / top * (height - 2)) for at in run]
    if len(found) == 1:
        (x, y) = found[0]
        return [(max(x - step / 2, 0), y), (min(x + step / 2, width), y)]
    return found


def _line(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _down_to(points: Sequence[Point], bottom: float) -> str:
    """The area below."""
    return f"{_line(points)}L{points[-1][0]:.1f} {bottom}L{points[0][0]:.1f} {bottom}Z"
