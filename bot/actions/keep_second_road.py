"""Addresses beside Telegram at which a person or a site is rung: secrets, never shown, never logged."""

from __future__ import annotations

from collections.abc import Sequence

from bot.actions.desk import Desk
from bot.rules.access import Actor
from bot.rules.errors import Refusal
from bot.rules.messages import Recipient, RecipientKind
from bot.rules.study import SiteCode, StaffCode
from storage.unit_of_work import UnitOfWork


async def keep_second_road(desk: Desk, *, owner: Recipient, addresses: Sequence[str], by: Actor) -> None:
    """These addresses from now on, instead of all earlier ones; none takes the second road away.

    Raises:
        Refusal: there is no such person or site, or the person's access was revoked.
    """
    async with desk.archive.begin() as uow:
        await _refuse_unknown(uow, owner)
        before = await uow.second_roads.of(owner)
        await uow.second_roads.set(owner, addresses, desk.now())
        await uow.audit.record(
            kind="operator:second_road:set",
            actor=by,
            at=desk.now(),
            subject=None,
            entity=owner.kind.value.lower(),
            entity_id=owner.code,
            field="addresses",
            old=str(len(before)),
            new=str(len(addresses)),
        )


async def addresses_to_try(desk: Desk, *, owner: Recipient, by: Actor) -> tuple[str, ...]:
    """The addresses, for a ring to try them (monthly, by specification 3.2); that it was tried is kept.

    Raises:
        Refusal: there is no such person or site, or no address.
    """
    async with desk.archive.begin() as uow:
        await _refuse_unknown(uow, owner)
        addresses = await uow.second_roads.of(owner)
        if not addresses:
            raise Refusal("refusal.no_second_road", owner=owner.code)
        await uow.audit.record(
            kind="operator:second_road:tried",
            actor=by,
            at=desk.now(),
            subject=None,
            entity=owner.kind.value.lower(),
            entity_id=owner.code,
        )
    return addresses


async def _refuse_unknown(uow: UnitOfWork, owner: Recipient) -> None:
    if owner.kind is RecipientKind.SITE:
        if await uow.sites.get(SiteCode(owner.code)) is None:
            raise Refusal("refusal.no_such_site", site=owner.code)
        return
    staff = await uow.staff.get(StaffCode(owner.code))
    if staff is None:
        raise Refusal("refusal.no_such_staff", staff=owner.code)
    if staff.revoked_at is not None:
        raise Refusal("refusal.staff_revoked", staff=owner.code)
