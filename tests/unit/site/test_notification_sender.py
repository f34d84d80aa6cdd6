"""Who sends to many: each by itself, one message after the other."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from typing import TypeVar

import pytest

from events.database_trouble import Troubles
from logshuttle_site.notifications import sender
from logshuttle_site.notifications.models import Message, Recipient
from logshuttle_site.notifications.sender import AT_ONCE, Sender
from tests.support.driver_error import driver_error
from tests.support.waiting import until

T = TypeVar("T")


class Post:
    """An outbox without a database, and receivers that answer when the test says so."""

    def __init__(self) -> None:
        self.due: dict[int, list[Message]] = defaultdict(list)
        self.under_way: list[int] = []
        self.most_at_once = 0
        self.tried: list[int] = []
        self.delivered: list[int] = []
        self.takes_writes = True
        self.silent: set[int] = set()
        self.refusing: set[int] = set()

    def add(self, *recipients: int) -> None:
        for number in recipients:
            to = Recipient(pk=number, shown=f"r{number}")
            self.due[number].append(Message(recipient=to, event="test"))

    async def ask(self, question: Callable[[], T]) -> T:
        return question()

    async def deliver(self, message: Message) -> str:
        to = message.recipient_id
        assert to not in self.under_way, "one at a time"
        self.tried.append(to)
        self.under_way.append(to)
        self.most_at_once = max(self.most_at_once, len(self.under_way))
        try:
            await asyncio.sleep(0)
            while to in self.silent:
                await asyncio.sleep(0.01)
        finally:
            self.under_way.remove(to)
        return "HTTP 500" if to in self.refusing else ""

    # The outbox.

    def waiting(self, busy: Collection[int], limit: int) -> list[int]:
        return [of for of, messages in self.due.items() if messages and of not in busy][:limit]

    def next_of(self, recipient_id: int) -> Message | None:
        return next(iter(self.due[recipient_id]), None)

    def _write(self) -> None:
        if not self.takes_writes:
            raise driver_error("53100")

    def sent(self, message: Message) -> None:
        self._write()
        self.due[message.recipient_id].remove(message)
        self.delivered.append(message.recipient_id)

    def failed(self, message: Message, why: str) -> None:
        self._write()
        self.due[message.recipient_id].remove(message)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    made = Post()
    monkeypatch.setattr(sender, "outbox", made)
    monkeypatch.setattr(sender, "deliver", made.deliver)
    return made


async def test_one_that_does_not_answer_holds_up_nobody(post: Post) -> None:
    sending = Sender(post.ask)
    post.silent.add(1)
    post.add(1, 1, 2, 2, 3)
    await sending.begin()
    await until(lambda: len(post.delivered) == 3, 5, "the others have theirs")
    post.add(2)
    await sending.begin()
    await until(lambda: len(post.delivered) == 4, 5, "and what comes later")
    assert sorted(post.delivered) == [2, 2, 2, 3]
    post.silent.clear()
    await until(lambda: post.delivered.count(1) == 2, 5, "it has its own")
    await sending.close()


async def test_so_many_at_once_and_no_more(post: Post) -> None:
    sending = Sender(post.ask)
    numbers = range(1, 2 * AT_ONCE)
    post.silent.update(numbers)
    post.add(*numbers)
    await sending.begin()
    await until(lambda: len(post.under_way) == AT_ONCE, 5, "the first ones are sent to")
    await sending.begin()
    assert post.most_at_once == AT_ONCE
    await sending.close()
    assert post.under_way == []
    assert len(post.waiting((), 999)) == len(numbers), "what was not sent is still due"


async def test_after_a_failure_the_rest_waits_for_the_next_look(post: Post) -> None:
    sending = Sender(post.ask)
    post.refusing.add(1)
    post.add(1, 1)
    await sending.begin()
    await until(lambda: len(post.due[1]) == 1, 5, "one was tried")
    await asyncio.sleep(0)
    assert len(post.due[1]) == 1
    post.refusing.clear()
    await sending.begin()
    await until(lambda: post.delivered == [1], 5, "then the other")
    await sending.close()


async def look(sending: Sender) -> None:
    """To its end."""
    await sending.begin()
    tasks = asyncio.all_tasks()
    await asyncio.gather(*(task for task in tasks if task.get_name().startswith("notify ")))


@pytest.mark.parametrize("is_refused", [False, True])
async def test_what_cannot_be_written_down_is_not_sent_again(
    is_refused: bool,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(sender, "troubles", Troubles())
    sending = Sender(post.ask)
    if is_refused:
        post.refusing.add(1)
    post.takes_writes = False
    post.add(1, 1)
    for _ in range(3):
        await look(sending)
    assert post.tried == [1]
    said = [line for line in caplog.messages if "no room left" in line]
    assert len(said) == 1
    assert not any(record.exc_info for record in caplog.records)

    post.takes_writes = True
    await look(sending)
    assert len(post.due[1]) == int(is_refused), "after a failure the rest waits for the next look"
    assert post.tried == ([1] if is_refused else [1, 1])
    await sending.close()


async def test_who_has_the_lease_no_more_knows_no_better_than_who_has_it(post: Post) -> None:
    sending = Sender(post.ask)
    post.takes_writes = False
    post.add(1)
    await look(sending)
    sending.forget()
    post.takes_writes = True
    await look(sending)
    assert post.delivered == [1], "as it is still due"
    assert post.tried == [1, 1]
    await sending.close()
