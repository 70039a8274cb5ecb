"""What a member of staff taps or writes in the chat. Each tap asks the rights of the person who tapped."""

from __future__ import annotations

from bot.actions.acknowledge_case import acknowledge_in
from bot.actions.alert_staff import alert_card, case_rows
from bot.actions.close_case import close_in
from bot.actions.desk import Desk, entitled, site_of
from bot.actions.log_contact import log_contact_in
from bot.actions.speak import Rows, answer_tap, button, phrase, to_staff
from bot.rules import escalation
from bot.rules.access import Act, Actor, AuthMethod, Staff, may
from bot.rules.case import Case, CaseId, Outcome
from bot.rules.errors import NotEntitled, Refusal
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Phrase, Priority, Recipient
from bot.rules.study import StaffCode
from storage.unit_of_work import UnitOfWork


async def hear_staff(uow: UnitOfWork, desk: Desk, inbound: Inbound, whom: Recipient) -> None:
    """One update of a linked member of staff. A refusal is said in their language and leaves a trace."""
    staff = await uow.staff.get(StaffCode(whom.code))
    if staff is None or staff.revoked_at is not None:
        return
    if inbound.kind in (InboundKind.BLOCKED_US, InboundKind.UNBLOCKED_US):
        blocked = inbound.kind is InboundKind.BLOCKED_US
        await uow.staff.set_unreachable(staff.code, desk.now() if blocked else None)
        return
    if inbound.kind is not InboundKind.TAP:
        await _show_open_cases(uow, desk, inbound, staff)
        return
    notice = await _tapped(uow, desk, inbound, staff)
    await uow.outbox.put(answer_tap(inbound, whom, staff.language, desk.now(), notice), desk.now())


async def _tapped(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> Phrase | None:
    try:
        return await _act(uow, desk, inbound, staff)
    except Refusal as refusal:
        await uow.audit.record(
            kind="staff:tap:refused",
            actor=Actor(code=staff.code, role="staff", auth=AuthMethod.TELEGRAM),
            at=desk.now(),
            subject=None,
            entity="tap",
            entity_id=str(inbound.key.update_id),
            new=inbound.token[:64],
            reason=refusal.key,
        )
        return Phrase(key=refusal.key, values=refusal.values)


async def _act(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> Phrase | None:
    by, auth = staff.code, AuthMethod.TELEGRAM
    match inbound.token.split(":"):
        case ["k", "take", case_id]:
            await acknowledge_in(uow, desk, case_id=CaseId(case_id), by=by, auth=auth)
        case ["k", "over", case_id]:
            await acknowledge_in(uow, desk, case_id=CaseId(case_id), by=by, auth=auth, take_over=True)
        case ["k", "met" | "miss" as how, case_id]:
            await log_contact_in(uow, desk, case_id=CaseId(case_id), by=by, reached=how == "met", auth=auth)
        case ["k", "end", case_id]:
            await _ask_outcome(uow, desk, inbound, staff, CaseId(case_id))
        case ["k", "out", case_id, outcome] if outcome in Outcome.__members__:
            await close_in(
                uow, desk, case_id=CaseId(case_id), by=by, outcome=Outcome[outcome], auth=auth, note=""
            )
            return phrase("staff.case.closed_now")
        case _:
            return phrase("staff.stale")
    return None


async def _ask_outcome(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case_id: CaseId) -> None:
    case = await uow.cases.get(case_id)
    if case is None:
        raise NotEntitled()
    await entitled(uow, staff.code, escalation.act_to_close(case.level), case.subject_code)
    site = await site_of(uow, case.site_code)
    rows: Rows = tuple(
        (button(f"staff.outcome.{outcome.value}", f"k:out:{case.id}:{outcome.value}"),) for outcome in Outcome
    )
    said = phrase("staff.case.ask_outcome", subject=case.subject_code, level=case.level)
    key = f"outcome:{case.id}:{inbound.key.update_id}"
    await uow.outbox.put(
        to_staff(staff, site, key, [said], buttons=rows, about=case.subject_code, case_id=case.id), desk.now()
    )


async def _show_open_cases(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff) -> None:
    """Any words of staff get the open cases of their sites, the most urgent first, each with its buttons."""
    mine = [
        case for case in await uow.cases.open_at(None) if may(staff, Act.ACKNOWLEDGE_CASE, case.site_code)
    ]
    mine.sort(key=lambda case: (-case.level, case.opened_at))
    if not mine:
        key = f"none-open:{staff.code}:{inbound.key.update_id}"
        await uow.outbox.put(to_staff(staff, None, key, [phrase("staff.no_open_cases")]), desk.now())
    for case in mine[:10]:
        await _show_case(uow, desk, inbound, staff, case)


async def _show_case(uow: UnitOfWork, desk: Desk, inbound: Inbound, staff: Staff, case: Case) -> None:
    site = await site_of(uow, case.site_code)
    await uow.outbox.put(
        to_staff(
            staff,
            site,
            f"shown:{case.id}:{inbound.key.update_id}:{staff.code}",
            await alert_card(uow, desk, case),
            buttons=case_rows(case, staff),
            priority=Priority.REPLY,
            about=case.subject_code,
            case_id=case.id,
        ),
        desk.now(),
    )
