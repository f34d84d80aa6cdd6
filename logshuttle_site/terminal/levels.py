"""How bad a line is, as far as its text says so: as the tail page has it (find/levels.js)."""

from __future__ import annotations

import re

LEVELS = ("error", "warn", "info", "debug")
NONE = "none"
"""Of a line that says nothing of it."""

_LOOK_AT = 400  # characters: the level stands near the beginning
_FIELD = re.compile(
    r"""["']?\b(?:log[._]?level|level|lvl|severity)["']?\s*[:=]\s*["']?([A-Za-z]+|\d{2})\b""", re.I
)
_KLOG = re.compile(r"^([IWEF])\d{4} \d\d:")
_UPPER = re.compile(
    r"\b(EMERG(?:ENCY)?|ALERT|CRIT(?:ICAL)?|FATAL|PANIC|SEVERE|ERROR|ERR|WARN(?:ING)?|NOTICE|INFO"
    r"|DEBUG|TRACE|VERBOSE)\b"
)
_BRACKETED = re.compile(
    r"[\[(<](error|err|fatal|crit|warn|warning|notice|info|debug|trace)[\])>]", re.I
)
_LEADING = re.compile(
    r"^\W{0,3}(error|fatal|panic|warn|warning|info|notice|debug|trace)\b\s*[:\]|-]", re.I
)
_PATTERNS = (_FIELD, _KLOG, _UPPER, _BRACKETED, _LEADING)
_FAILED = re.compile(
    r"Traceback \(most recent call last\)|Exception in thread|unhandled exception"
    r"|500 Internal Server Error",
    re.I,
)
_STATUS = re.compile(r"(?:^|\s)status=([45])\d\d(?!\d)")

_NAMES = {
    **dict.fromkeys(
        ("emerg", "emergency", "alert", "crit", "critical", "fatal", "panic", "severe", "error"),
        "error",
    ),
    **dict.fromkeys(("err", "e", "f", "60", "50"), "error"),
    **dict.fromkeys(("warn", "warning", "w", "40"), "warn"),
    **dict.fromkeys(("notice", "info", "information", "i", "30"), "info"),
    **dict.fromkeys(("debug", "trace", "verbose", "20", "10"), "debug"),
}


def level_of(text: str, source: str = "app") -> str:
    """One of LEVELS, or NONE. `text`: without escapes.

    A router's line has its answer's status; else a field named level counts first (JSON, logfmt),
    then a word where levels stand, then what only failures say.
    """
    start = text[:_LOOK_AT]
    if source == "router":
        status = _STATUS.search(text)
        return {"5": "error", "4": "warn"}[status[1]] if status else NONE
    for pattern in _PATTERNS:
        found = pattern.search(start)
        level = _NAMES.get(found[1].lower()) if found else None
        if level:
            return level
    return "error" if _FAILED.search(start) else NONE
