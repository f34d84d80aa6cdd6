"""S2 with a real judge: rsyslog makes one record of each line, and the header is ours."""

from __future__ import annotations

import random

import pytest

from drains.delivery.wire.rfc5424 import framed, wire_format_of
from tests.support.rsyslog import Rsyslog
from tests.support.sender_bench import NamedWrite, Senders, record, route_to

EVIL = [
    "\n<11>1 2020-01-01T00:00:00Z evil evil - - - forged",
    "\r\n",
    "\0",
    "\x1b[31m",
    "\u2028",
    "\x85",
    "\n123 <14>1 ",
    "99 ",
    " ",
    "<0>",
    "é",
    "\U0001f600",
    "]",
    '"',
    "\\",
    "plain",
]
LINES = 500


@pytest.mark.parametrize("framing", ["newline", "octet"])
async def test_evil_lines(rsyslog: Rsyslog, sending: Senders, framing: str) -> None:
    dice = random.Random(20201105)
    texts = [f"{n} " + "".join(dice.choices(EVIL, k=dice.randint(1, 5))) for n in range(LINES)]
    bench = sending(rsyslog.url, framing=framing)
    await bench.open()
    wire = wire_format_of(route_to(rsyslog.url, framing=framing))
    bench.sender.send((framed([record(text) for text in texts], wire).data,), NamedWrite("evil"))
    await bench.until_confirmed()
    bench.sender.send((framed([record("last")], wire).data,), NamedWrite("last"))

    records = rsyslog.wait_for(LINES + 1)

    assert len(records) == LINES + 1
    assert {(r.pri, r.hostname, r.app_name) for r in records} == {(14, "gold-gs", "web.1")}
    assert [int(r.msg.split()[0]) for r in records[:-1]] == list(range(LINES))
