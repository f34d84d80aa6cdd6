"""The first sentence: it answers, and all below explains it. The worst that holds is said."""

from __future__ import annotations

from typing import Literal, NamedTuple

from drains.display.words import age, clock, many, number
from logshuttle_site.overview.values import Overview

SOON_SECONDS = 12 * 3600.0
"""Lines that will be lost so soon are the first thing to know."""

Tone = Literal["alarm", "error", "warn", "info", "good", "quiet"]


class Head(NamedTuple):
    tone: Tone
    plain: str
    """What is as it should be."""
    sharp: str
    """What is not."""
    rest: str
    detail: str
    """The second line."""

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.plain, self.sharp, self.rest) if part)


def head_of(overview: Overview) -> Head:
    if overview.total and overview.is_silent:
        return _nobody_works(overview)
    if not overview.total:
        said = "Lines are in Kafka, nobody gets them."
        return Head("quiet", "No drains yet.", "", said, "Add the first one: here, or by a call.")
    failing = overview.drains.get("failing", 0)
    loss = overview.soon_lost
    count = overview.drains.get("paused", 0)
    paused = f"{many(count, 'drain')} paused. " if count else ""
    rest = f"{paused}{_lost(overview)}"
    flow, detail = _flow(overview), _detail(overview)
    if loss is not None and (loss.seconds_left or 0.0) < SOON_SECONDS:
        sharp = f"Lines will be lost in {age(loss.seconds_left or 0.0)}:"
        return Head(
            "error", flow, sharp, f"{loss.owner} waits for {age(loss.seconds)}. {rest}", detail
        )
    if failing:
        fails = "fails" if failing == 1 else "fail"
        receivers = len({(cause.host, cause.port) for cause in overview.causes})
        sharp = (
            f"{number(failing)} of {many(overview.total, 'drain')} {fails}"
            f" ({many(receivers, 'receiver')})."
        )
        return Head("error", flow, sharp, rest, detail)
    if lost := overview.day and overview.day.total("lost"):
        return Head("warn", flow, f"{many(lost, 'line')} lost in 24 h.", paused.strip(), detail)
    if flow != FLOW:
        return Head("warn", "", flow, rest, detail)
    if behind := overview.drains.get("replaying", 0):
        catch = "catches" if behind == 1 else "catch"
        return Head("info", flow, f"{many(behind, 'drain')} {catch} up.", rest, detail)
    return Head("good", _deliver(overview), "", rest, detail)


def _deliver(overview: Overview) -> str:
    live = overview.drains.get("live", 0)
    waiting = overview.total - overview.drains.get("paused", 0) - live
    whole = "All " if live > 1 and not waiting else ""
    said = f"{whole}{many(live, 'drain')} {'delivers' if live == 1 else 'deliver'}." if live else ""
    if waiting:
        said += f" {many(waiting, 'drain')} {'waits' if waiting == 1 else 'wait'} for a first line."
    return said.strip() or "All drains are paused."


FLOW = "Lines flow."


def _flow(overview: Overview) -> str:
    working, there = len(overview.working), len(overview.workers)
    if working < there:
        return f"Lines flow with {working} of {many(there, 'worker')}."
    if overview.minute is None:
        return "No figures yet."
    if overview.minute.total("received") or overview.received_lately:
        return FLOW
    if overview.received_lately is None:  # it has only just begun
        return "No figures yet."
    return "No line has come in for 5 min."


def _lost(overview: Overview) -> str:
    if overview.day is None:
        return "Losses not known yet."
    lost = overview.day.total("lost")
    return f"{many(lost, 'line')} lost in 24 h." if lost else "Nothing lost in 24 h."


def _detail(overview: Overview) -> str:
    kept = overview.retention_seconds
    keeps = f"Kafka keeps {age(kept)}" if kept else "How long Kafka keeps lines is not known"
    if not overview.waiting:
        return f"Nothing waits. {keeps}."
    oldest, loss = overview.waiting[0], overview.first_loss
    first = f": first loss in {age(loss.seconds_left or 0.0)}" if loss is not None else ""
    return f"Oldest undelivered: {age(oldest.seconds)}, {oldest.owner}. {keeps}{first}."


def _nobody_works(overview: Overview) -> Head:
    last = max((worker.reported_at for worker in overview.workers), default=None)
    if last is None:
        sharp = "No worker reports."
    else:
        ago = age((overview.now - last).total_seconds())
        sharp = f"No worker has reported since {clock(last, overview.now)} UTC ({ago})."
    loss = overview.first_loss
    waits = "Lines wait in Kafka"
    if loss is not None:
        waits += f"; nothing is lost for {age(loss.seconds_left or 0.0)}"
    return Head(
        "alarm", "", sharp, "No drain gets a line.", f"{waits}. Start one: manage.py runshuttle"
    )
