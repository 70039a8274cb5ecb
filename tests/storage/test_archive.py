"""The archive on both databases: what is kept, what is refused, what is found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, StatementError
from sqlmodel import SQLModel

from bot.rules.access import SYSTEM
from bot.rules.delivery import Delivered, TryAgain, Unreachable
from bot.rules.inbound import InboxRow, UpdateKey
from bot.rules.messages import Message, OutboxStatus, Phrase, Priority, Recipient, RecipientKind, SendKind
from bot.rules.participant import LabResult
from bot.rules.study import Bilingual, Language, Level, SubjectCode
from storage import migrating
from storage.archive import Archive
from storage.errors import AlreadyHandled, StaleVersion
from storage.keyring import Keyring, WrongKey
from tests import cast

NOW = cast.MORNING
LATER = NOW + timedelta(minutes=1)
HER = Recipient(RecipientKind.PARTICIPANT, "TJ-001")
HER_CHAT = 7_000_000_001


async def enrolled(archive: Archive) -> None:
    async with archive.begin() as uow:
        await uow.sites.add(cast.TIANJIN)
        await uow.staff.add(cast.COORDINATOR)
        await uow.participants.add(cast.participant())
        await uow.identities.link(HER_CHAT, HER, NOW)


def message(key: str, *, priority: Priority = Priority.REPLY, **more: object) -> Message:
    return Message(
        unique_key=key,
        to=HER,
        language=Language.ZH,
        priority=priority,
        phrases=(Phrase("patient.home", {"at": NOW, "site": Bilingual("Tianjin", "天津")}),),
        about=SubjectCode("TJ-001"),
        **more,  # type: ignore[arg-type]
    )


async def claimed(archive: Archive, *, now: datetime = NOW, real_now: datetime = NOW) -> list[str]:
    async with archive.begin() as uow:
        rows = await uow.outbox.claim(10, now, real_now, real_now + timedelta(seconds=30))
        return [row.message.unique_key for row in rows]


class TestFacts:
    async def test_a_participant_comes_back_as_she_was_stored(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.read() as uow:
            assert await uow.participants.get(SubjectCode("TJ-001")) == cast.participant()

    async def test_two_changes_of_one_version_do_not_both_win(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.participants.save(cast.participant())
        with pytest.raises(StaleVersion):
            async with archive.begin() as uow:
                await uow.participants.save(cast.participant())

    async def test_a_count_stays_exact_to_the_last_digit(self, archive: Archive) -> None:
        await enrolled(archive)
        result = LabResult(
            id="L1",
            subject_code=SubjectCode("TJ-001"),
            analyte="PLT",
            value=Decimal("99.96"),
            as_entered="99.96 10^9/L",
            sampled_at=NOW,
            verified=True,
            baseline=False,
            recorded_by="CA1",
            recorded_at=NOW,
        )
        async with archive.begin() as uow:
            await uow.labs.add(result)
        async with archive.read() as uow:
            assert await uow.labs.of(SubjectCode("TJ-001")) == (result,)

    async def test_a_naive_moment_is_refused(self, archive: Archive) -> None:
        await enrolled(archive)
        with pytest.raises((StatementError, ValueError)):
            async with archive.begin() as uow:
                await uow.staff.set_unreachable(cast.COORDINATOR.code, datetime(2026, 3, 10))  # noqa: DTZ001

    async def test_an_error_in_the_middle_changes_nothing(self, archive: Archive) -> None:
        async def break_off() -> None:
            async with archive.begin() as uow:
                await uow.sites.add(cast.TIANJIN)
                raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError, match="in the middle"):
            await break_off()
        async with archive.read() as uow:
            assert await uow.sites.all() == ()


class TestIdentities:
    async def test_a_chat_is_found_by_its_keyed_hash_only(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.read() as uow:
            assert await uow.identities.owner_of(HER_CHAT) == HER
            assert await uow.identities.chat_of(HER) == HER_CHAT
            kept = await uow.session.exec(text("SELECT * FROM identity"))  # type: ignore[call-overload]
            assert str(HER_CHAT) not in str(kept.all())

    async def test_linking_a_new_phone_ends_the_earlier_one(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.identities.link(HER_CHAT + 1, HER, LATER)
        async with archive.read() as uow:
            assert await uow.identities.owner_of(HER_CHAT) is None
            assert await uow.identities.chat_of(HER) == HER_CHAT + 1

    async def test_a_code_works_once_before_it_expires(self, archive: Archive) -> None:
        async with archive.begin() as uow:
            await uow.invitations.add("hash", HER, "chat", NOW + timedelta(hours=72))
            await uow.invitations.add("late", HER, "chat", NOW)
        async with archive.begin() as uow:
            assert await uow.invitations.take("late", NOW, "chat") is None
            assert await uow.invitations.take("hash", NOW, "console") is None
            assert await uow.invitations.take("hash", NOW, "chat") == HER
            assert await uow.invitations.take("hash", NOW, "chat") is None

    def test_another_key_opens_nothing(self, keyring: Keyring) -> None:
        sealed = keyring.machine.seal("她说的话", "said:1")
        with pytest.raises(WrongKey):
            Keyring("another key of more than thirty-two characters").machine.open(sealed, "said:1")
        with pytest.raises(WrongKey):
            keyring.machine.open(sealed, "said:2")


def update(number: int, lane: str = "her") -> InboxRow:
    return InboxRow(bot_id=1, update_id=number, lane=lane, received_at=NOW, raw=f"update {number}".encode())


class TestInbox:
    async def test_a_repeated_update_is_kept_once(self, archive: Archive) -> None:
        async with archive.begin() as uow:
            assert await uow.inbox.store([update(1), update(2)]) == 2
        async with archive.begin() as uow:
            assert await uow.inbox.store([update(2), update(3)]) == 1

    async def test_a_lane_gives_its_oldest_only_until_that_is_done(self, archive: Archive) -> None:
        async with archive.begin() as uow:
            await uow.inbox.store([update(1), update(2), update(3, lane="him")])
        async with archive.begin() as uow:
            first = await uow.inbox.claim(10, NOW, LATER)
            assert [(row.update_id, row.raw) for row in first] == [(1, b"update 1"), (3, b"update 3")]
        async with archive.begin() as uow:
            assert await uow.inbox.claim(10, NOW, LATER) == ()
            await uow.inbox.done(UpdateKey(1, 1), NOW)
            assert [row.update_id for row in await uow.inbox.claim(10, NOW, LATER)] == [2]

    async def test_what_a_dead_worker_held_is_done_again_once(self, archive: Archive) -> None:
        async with archive.begin() as uow:
            await uow.inbox.store([update(1)])
            await uow.inbox.claim(10, NOW, LATER)
        async with archive.begin() as uow:
            assert [
                row.update_id for row in await uow.inbox.claim(10, LATER, LATER + timedelta(minutes=1))
            ] == [1]
            await uow.inbox.begin(UpdateKey(1, 1))
            await uow.inbox.done(UpdateKey(1, 1), LATER)
        with pytest.raises(AlreadyHandled):
            async with archive.begin() as uow:
                await uow.inbox.begin(UpdateKey(1, 1))

    async def test_poison_is_parked_and_its_lane_goes_on(self, archive: Archive) -> None:
        async with archive.begin() as uow:
            await uow.inbox.store([update(1), update(2)])
            assert [await uow.inbox.failed(UpdateKey(1, 1)) for _ in range(3)] == [1, 2, 3]
            await uow.inbox.park(UpdateKey(1, 1), NOW, "failed three times")
        async with archive.begin() as uow:
            assert [row.update_id for row in await uow.inbox.claim(10, NOW, LATER)] == [2]
            assert await uow.inbox.parked() == (UpdateKey(1, 1),)


class TestOutbox:
    async def test_a_key_is_said_once_for_good(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            assert await uow.outbox.put(message("a"), NOW)
            assert not await uow.outbox.put(message("a"), NOW)
        assert await claimed(archive) == ["a"]
        async with archive.begin() as uow:
            assert not await uow.outbox.put(message("a"), NOW)

    async def test_a_message_comes_back_exactly_with_its_chat(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("a"), NOW)
        async with archive.begin() as uow:
            (row,) = await uow.outbox.claim(10, NOW, NOW, LATER)
            assert (row.message, row.chat_id, row.attempts) == (message("a"), HER_CHAT, 1)

    async def test_safety_overtakes_and_a_chat_keeps_its_order(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("reminder", priority=Priority.REMINDER), NOW)
            await uow.outbox.put(message("first"), NOW)
            await uow.outbox.put(message("second"), NOW)
            await uow.outbox.put(message("advice", priority=Priority.SAFETY), NOW)
            await uow.outbox.put(message("tap", kind=SendKind.ANSWER_TAP), NOW)
        assert await claimed(archive) == ["advice", "tap"]

    async def test_the_next_in_a_chat_goes_when_the_one_before_has_arrived(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("first"), NOW)
            await uow.outbox.put(message("second"), NOW)
            (row,) = await uow.outbox.claim(10, NOW, NOW, LATER)
            await uow.outbox.note(row.id, Delivered(41), "words", NOW, NOW)
            assert await uow.outbox.words_of(row.id) == "words"
        assert await claimed(archive) == ["second"]

    async def test_a_temporary_failure_waits_its_time_on_the_machines_clock(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("a"), NOW)
            (row,) = await uow.outbox.claim(10, NOW, NOW, LATER)
            await uow.outbox.note(
                row.id, TryAgain(timedelta(seconds=7), "flood", uncertain=True), "w", NOW, NOW
            )
        assert await claimed(archive, now=LATER, real_now=NOW + timedelta(seconds=6)) == []
        async with archive.begin() as uow:
            (row,) = await uow.outbox.claim(10, NOW, NOW + timedelta(seconds=7), LATER)
            assert row.last_uncertain

    async def test_a_dead_holders_row_is_taken_over_as_perhaps_sent(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("a"), NOW)
            await uow.outbox.claim(10, NOW, NOW, LATER)
        async with archive.begin() as uow:
            (row,) = await uow.outbox.claim(10, NOW, LATER, LATER + timedelta(minutes=1))
            assert row.last_uncertain

    async def test_what_expired_or_waits_is_not_sent(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("expired", expires_at=NOW), NOW)
            await uow.outbox.put(message("tomorrow", send_after=LATER), NOW)
        assert await claimed(archive) == []
        async with archive.begin() as uow:
            expired = await uow.outbox.get_by_key("expired")
            assert expired is not None
            assert expired.status is OutboxStatus.EXPIRED
        assert await claimed(archive, now=LATER) == ["tomorrow"]

    async def test_one_fact_cancels_a_tag_and_stopping_cancels_what_is_routine(
        self, archive: Archive
    ) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.outbox.put(message("dose", cancel_tag="dose-2"), NOW)
            await uow.outbox.put(message("check", routine=True), NOW)
            await uow.outbox.put(message("answer"), NOW)
            assert await uow.outbox.cancel("dose-2", "responded", NOW) == 1
            assert await uow.outbox.cancel_routine(HER, "stopped", NOW) == 1
        assert await claimed(archive) == ["answer"]

    async def test_a_person_without_a_chat_is_unreachable_at_once(self, archive: Archive) -> None:
        await enrolled(archive)
        async with archive.begin() as uow:
            await uow.identities.end(HER, NOW, "test")
            await uow.outbox.put(message("a"), NOW)
            (row,) = await uow.outbox.claim(10, NOW, NOW, LATER)
            assert (row.chat_id, row.status) == (None, OutboxStatus.UNREACHABLE)

    async def test_a_strangers_chat_is_forgotten_once_answered(self, archive: Archive) -> None:
        stranger = Message(
            unique_key="s",
            to=Recipient(RecipientKind.STRANGER, "lane"),
            language=Language.EN,
            priority=Priority.REPLY,
            phrases=(),
        )
        async with archive.begin() as uow:
            await uow.outbox.put(stranger, NOW, chat_id=99)
            (row,) = await uow.outbox.claim(10, NOW, NOW, LATER)
            assert row.chat_id == 99
            await uow.outbox.note(row.id, Unreachable("blocked"), "", NOW, NOW)
            kept = await uow.session.exec(text("SELECT chat_sealed FROM outbox"))  # type: ignore[call-overload]
            assert kept.all() == [(None,)]


async def three_entries(archive: Archive) -> None:
    await enrolled(archive)
    async with archive.begin() as uow:
        for number in range(3):
            await uow.audit.record(
                kind="staff:lab:recorded",
                actor=SYSTEM,
                at=NOW + timedelta(minutes=number),
                subject=SubjectCode("TJ-001"),
                entity="lab",
                entity_id=f"L{number}",
                new=Level.URGENT.name,
            )


async def tampered(archive: Archive, statement: str) -> None:
    """What somebody with the keys of the database could do."""
    async with archive.begin() as uow:
        if archive.is_sqlite:
            await uow.session.exec(text("DROP TRIGGER keep_audit_update"))  # type: ignore[call-overload]
            await uow.session.exec(text("DROP TRIGGER keep_audit_delete"))  # type: ignore[call-overload]
        else:
            await uow.session.exec(text("ALTER TABLE audit DISABLE TRIGGER USER"))  # type: ignore[call-overload]
        await uow.session.exec(text(statement))  # type: ignore[call-overload]


class TestAuditTrail:
    async def test_an_untouched_trail_verifies(self, archive: Archive) -> None:
        await three_entries(archive)
        async with archive.read() as uow:
            assert await uow.audit.verify([await uow.audit.anchor_line()]) == (3, None)

    @pytest.mark.parametrize("statement", ["UPDATE audit SET new = 'NONE'", "DELETE FROM audit"])
    async def test_the_program_itself_cannot_change_it(self, archive: Archive, statement: str) -> None:
        await three_entries(archive)
        with pytest.raises(DBAPIError):
            async with archive.begin() as uow:
                await uow.session.exec(text(statement))  # type: ignore[call-overload]

    @pytest.mark.parametrize(
        ("statement", "seq", "why"),
        [
            ("UPDATE audit SET new = 'NONE' WHERE seq = 2", 2, "altered"),
            ("DELETE FROM audit WHERE seq = 2", 2, "missing"),
            ("UPDATE audit SET prev_hash = hash WHERE seq = 3", 3, "out of order"),
            ("DELETE FROM audit WHERE seq = 3", 3, "missing at the end"),
        ],
    )
    async def test_the_first_broken_row_is_named(
        self, archive: Archive, statement: str, seq: int, why: str
    ) -> None:
        await three_entries(archive)
        await tampered(archive, statement)
        async with archive.read() as uow:
            _, broken = await uow.audit.verify()
        assert broken is not None
        assert (broken.chain, broken.seq, broken.why) == ("TJ-001", seq, why)

    async def test_an_anchor_outside_tells_that_the_end_was_cut_off(self, archive: Archive) -> None:
        await three_entries(archive)
        async with archive.read() as uow:
            anchor = await uow.audit.anchor_line()
        await tampered(archive, "DELETE FROM audit WHERE seq = 3")
        async with archive.begin() as uow:
            await uow.session.exec(text("DELETE FROM audit_head"))  # type: ignore[call-overload]
            _, broken = await uow.audit.verify([anchor])
        assert broken is not None
        assert broken.why == "cut off at the end"


class TestMigrations:
    async def test_the_migrations_make_the_tables_and_can_go_back(self, archive: Archive) -> None:
        def differences(connection: Connection) -> list[object]:
            context = MigrationContext.configure(connection, opts={"compare_type": False})
            return list(compare_metadata(context, SQLModel.metadata))

        async with archive._writing.begin() as connection:
            assert await connection.run_sync(differences) == []
            await connection.run_sync(migrating.downgrade)
            await connection.run_sync(migrating.upgrade)
            assert await connection.run_sync(differences) == []


def test_the_moments_of_the_cast_are_aware() -> None:
    assert NOW.tzinfo is UTC


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1700])
async def test_every_row_arrives_in_order_however_long_the_result(archive: Archive, rows: int) -> None:
    """At once, one by one, and read half: what is left open hinders nobody."""
    numbers = text(
        f"WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {max(rows, 1)})"  # noqa: S608
        f" SELECT x FROM n WHERE {rows} > 0 ORDER BY x"
    )
    expected = list(range(1, rows + 1))
    async with archive.read() as uow:
        connection = await uow.session.connection()
        assert [row.x for row in await connection.execute(numbers)] == expected
        streamed = await connection.stream(numbers)
        assert [row.x async for row in streamed] == expected
        half = await connection.stream(numbers)
        assert [row.x for row in await half.fetchmany(3)] == expected[:3]
        await half.close()
        assert [row.x for row in await connection.execute(numbers)] == expected
    async with archive.begin() as uow:
        await uow.sites.add(cast.TIANJIN)
