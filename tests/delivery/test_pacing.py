import asyncio
from itertools import pairwise

from bot.delivery.pacing import (
    CHAT_BURST,
    GROUP_BURST,
    GROUP_PER_MINUTE,
    KEPT_FREE_FOR_SAFETY,
    PER_SECOND,
    Pacing,
)
from bot.rules.messages import Priority


class HandClock:
    """A clock that only moves when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


def paced() -> tuple[Pacing, HandClock]:
    clock = HandClock()
    return Pacing(clock, sleep=clock.sleep), clock


async def test_a_burst_in_one_chat_passes_and_then_one_a_second() -> None:
    pacing, clock = paced()
    moments = []
    for _ in range(CHAT_BURST + 3):
        await pacing.turn(7, Priority.REPLY, longest_wait_s=10)
        moments.append(round(clock.at - 1000.0, 3))
    assert moments == [0.0] * CHAT_BURST + [1.0, 2.0, 3.0]


async def test_reminders_leave_slots_for_safety_and_alerts() -> None:
    pacing, clock = paced()
    for chat in range(PER_SECOND - KEPT_FREE_FOR_SAFETY):
        assert await pacing.turn(chat, Priority.REMINDER, longest_wait_s=0) == 0.0
    assert pacing.wait_s(999, Priority.REMINDER) > 0.0
    for chat in range(100, 100 + KEPT_FREE_FOR_SAFETY):
        assert await pacing.turn(chat, Priority.ALERT, longest_wait_s=0) == 0.0
    assert pacing.wait_s(999, Priority.SAFETY) > 0.0
    clock.at += 1.0
    assert pacing.wait_s(999, Priority.REMINDER) == 0.0


async def test_never_more_than_thirty_in_any_second() -> None:
    pacing, clock = paced()
    moments = []
    for chat in range(200):
        await pacing.turn(chat, Priority.SAFETY, longest_wait_s=10)
        moments.append(clock.at)
    for first, later in zip(moments, moments[PER_SECOND:], strict=False):
        assert later - first >= 1.0


async def test_a_group_takes_twenty_in_any_minute_and_is_never_silent_for_long() -> None:
    pacing, clock = paced()
    moments = []
    for _ in range(3 * GROUP_PER_MINUTE):
        await pacing.turn(-100, Priority.ALERT, longest_wait_s=10)
        moments.append(clock.at)
    for first, later in zip(moments, moments[GROUP_PER_MINUTE:], strict=False):
        assert later - first >= 60.0
    assert max(later - first for first, later in pairwise(moments)) < 7.0
    assert pacing.wait_s(-100, Priority.SAFETY) > 5.0
    assert pacing.wait_s(100, Priority.DIGEST) == 0.0


async def test_a_groups_room_is_what_it_takes_at_once() -> None:
    pacing, clock = paced()
    assert pacing.room(-100) == GROUP_BURST
    for left in reversed(range(GROUP_BURST)):
        await pacing.turn(-100, Priority.ALERT, longest_wait_s=0)
        assert pacing.room(-100) == left
    clock.at += 13.0
    assert pacing.room(-100) == 2
    pacing.halt(-100, 30.0)
    assert pacing.room(-100) == 0


async def test_a_halt_is_kept_to_the_end_in_its_chat_only() -> None:
    pacing, clock = paced()
    pacing.halt(7, 2.1)
    pacing.halt(7, 1.0)
    assert pacing.wait_s(7, Priority.SAFETY) > 2.0
    assert pacing.wait_s(8, Priority.REPLY) == 0.0
    await pacing.turn(7, Priority.REPLY, longest_wait_s=3)
    assert clock.at >= 1002.1


async def test_a_wait_that_is_too_long_takes_no_slot() -> None:
    pacing, clock = paced()
    pacing.halt(7, 30.0)
    assert await pacing.turn(7, Priority.REPLY, longest_wait_s=3) == 30.0
    assert clock.at == 1000.0


async def test_her_emergency_text_does_not_wait_for_the_chatter_before_it() -> None:
    pacing, _ = paced()
    for _ in range(CHAT_BURST):
        await pacing.turn(7, Priority.REPLY, longest_wait_s=0)
    assert pacing.wait_s(7, Priority.REPLY) > 0.0
    assert pacing.wait_s(7, Priority.SAFETY) == 0.0
