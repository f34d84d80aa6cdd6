import pytest

from logshuttle_site.terminal.levels import level_of


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('{"level":"error","msg":"x"}', "error"),
        ('{"level":50,"msg":"x"}', "error"),
        ('level=warn msg="x"', "warn"),
        ("2026-11-28 INFO  [main] x", "info"),
        ("E1128 14:24:15.1 node.go:3] x", "error"),
        ("[debug] x", "debug"),
        ("warning: x", "warn"),
        ("Traceback (most recent call last):", "error"),
        ('Exception in thread "main" java.lang.X', "error"),
        ("unhandled exception: KeyError", "error"),
        ("Completed 500 Internal Server Error in 3ms", "error"),
        ("GET /errors 200", "none"),
        ("x" * 500 + " ERROR", "none"),
    ],
)
def test_what_a_text_says_of_itself(text: str, level: str) -> None:
    assert level_of(text) == level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("method=GET status=503 path=/ERROR", "error"),
        ("method=GET status=404 path=/", "warn"),
        ("method=GET status=200 path=/?level=error", "none"),
    ],
)
def test_a_routers_line_has_its_status(text: str, level: str) -> None:
    assert level_of(text, "router") == level
