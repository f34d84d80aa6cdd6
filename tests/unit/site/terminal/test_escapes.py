"""What an app's line may do to the terminal of `manage.py tail`: colour it, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logshuttle_site.terminal.escapes import shown

RESET = "\x1b[0m"


@pytest.mark.parametrize("text", ["", "GET / 200", "grüße, 世界 🎉", "a\tb", "a\xa0b", "नमस्ते‍"])
@pytest.mark.parametrize("colours", [True, False])
def test_ordinary_text_stays(text: str, colours: bool) -> None:
    assert shown(text, colours=colours) == text


@pytest.mark.parametrize(
    "colour", ["\x1b[m", "\x1b[31m", "\x1b[1;38;5;208m", "\x1b[38:2::255:0:0m", "\x1b[0m"]
)
def test_colours_pass_and_end_with_their_line(colour: str) -> None:
    assert shown(f"a{colour}b", colours=True) == f"a{colour}b{RESET}"
    assert shown(f"a{colour}b", colours=False) == "ab"


@pytest.mark.parametrize(
    ("text", "visible"),
    [
        ("\x1b]0;title\x07", "^[]0;title^G"),
        ("\x1b]52;c;aGk=\x1b\\", "^[]52;c;aGk=^[\\"),
        ("\x1b]8;;http://x\x1b\\", "^[]8;;http://x^[\\"),
        ("\x1b[2J\x1b[H", "^[[2J^[[H"),
        ("\x1b[1A\x1b[2K", "^[[1A^[[2K"),
        ("\x1bc", "^[c"),
        ("\x1b", "^["),
        ("\x1b[31", "^[[31"),
        ("\x1b[>4;2m", "^[[>4;2m"),
        ("\x1b[?25l", "^[[?25l"),
        ("\x9b31m", "U+009B31m"),
        ("\x9d0;x\x9c", "U+009D0;xU+009C"),
        ("a\rb\x08c\x7f", "a^Mb^Hc^?"),
        ("\x0e\x0f\x0b\x0c\x85", "^N^O^K^LU+0085"),
        ("user\u202egpj.exe", "userU+202Egpj.exe"),
        ("\u2066a\u2069\u200f", "U+2066aU+2069U+200F"),
        ("a\u2028b\u2029", "aU+2028bU+2029"),
        ("a\u200bb\ufeff", "aU+200BbU+FEFF"),
        ("\U000e0041", "U+E0041"),
    ],
)
@pytest.mark.parametrize("colours", [True, False])
def test_all_else_is_shown(text: str, visible: str, colours: bool) -> None:
    assert shown(text, colours=colours) == visible


@given(st.text(st.characters(max_codepoint=0x20) | st.sampled_from("[]0;m\x1b\x9b"), max_size=40))
def test_no_escape_but_a_colour_gets_through(text: str) -> None:
    plain = shown(text, colours=False)
    assert not any((ord(c) < 0x20 and c != "\t") or 0x7F <= ord(c) < 0xA0 for c in plain)
    coloured = shown(text, colours=True)
    assert all(part.lstrip("0123456789;:")[:1] == "m" for part in coloured.split("\x1b[")[1:])
    assert coloured.count("\x1b") == coloured.count("\x1b[")
