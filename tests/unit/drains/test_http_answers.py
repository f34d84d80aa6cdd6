"""What is shown of the body of an HTTP answer."""

from __future__ import annotations

import time

import pytest

from drains.delivery.senders.http_answers import quotation


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<h1>No</h1>\r\n<script>x()</script>more", "No more"),
        ("<STYLE type=a>p {}</style >No", "No"),
        ("No <style>p {} cut off", "No"),
        ("No <script>a</style>b", "No"),
        ("<scripts>No", "No"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_markup_is_not_shown(body: str, shown: str) -> None:
    assert quotation(body.encode(), ()) == shown


@pytest.mark.parametrize("piece", ["<script‹", "<script>", "</script ", "<style ", "<", "<a"])
def test_no_body_takes_long(piece: str) -> None:
    """A hundred times as long as any that is read."""
    body = (piece * (400_000 // len(piece))).encode()
    began = time.process_time()
    quotation(body, ())
    assert time.process_time() - began < 1
