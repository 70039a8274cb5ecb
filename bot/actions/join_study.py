"""Joining the chat: code, language, consent with its separate ticks; agree or decline.

Nothing is asked or reminded before the two required consents are given and stored one by one.
Source: decisions "Consent and reminders"; specification 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.actions.choose_language import keep_language
from bot.actions.desk import Desk, patient_actor, site_of
from bot.actions.plan_visits import next_visit_phrase, replan_in
from bot.actions.report_death import death_is_reported
from bot.actions.show_menu import show_patient_menu
from bot.actions.speak import (
    Rows,
    answer_tap,
    button,
    home_rows,
    phrase,
    to_participant,
    words,
)
from bot.actions.standing_question import keep_in_conversation
from bot.rules.inbound import Inbound, InboundKind
from bot.rules.messages import Button, Message, Phrase, Recipient
from bot.rules.participant import Consent, Participant, ParticipantState
from bot.rules.study import ConsentItem, Language
from storage.unit_of_work import UnitOfWork

_KEPT = "joining"


@dataclass(frozen=True, slots=True)
class Joining:
    """Where she is in joining. `screen` is the unique key of the message that shows it."""

    step: str
    ticked: tuple[str, ...] = ()
    screen: str = ""

    def to_json(self) -> dict[str, object]:
        return {"step": self.step, "ticked": list(self.ticked), "screen": self.screen}

    @staticmethod
    def from_json(state: dict[str, object] | None) -> Joining:
        kept = (state or {}).get(_KEPT)
        if not isinstance(kept, dict):
            return Joining(step="language")
        return Joining(step=str(kept["step"]), ticked=tuple(kept["ticked"]), screen=str(kept["screen"]))


async def begin_joining(uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant) -> None:
    """The first words after a good code: who is speaking, and which language."""
    await _show(uow, desk, participant, Joining(step="language"), inbound)


async def continue_joining(
    uow: UnitOfWork, desk: Desk, inbound: Inbound, participant: Participant, whom: Recipient
) -> None:
    """A tap moves on; anything else shows the present step again, so nobody is left without a question."""
    at = Joining.from_json(await uow.conversations.get(whom))
    if inbound.kind is not InboundKind.TAP:
        await _show(uow, desk, participant, at, inbound)
        return
    notice: Phrase | None = None
    match inbound.token.split(":"):
        case ["j", "lang", code] if code in ("zh", "en"):
            language = Language.ZH if code == "zh" else Language.EN
            participant = await keep_language(uow, desk, participant, language)
            await _show(uow, desk, participant, Joining(step="consent"), inbound)
        case ["j", "full"]:
            key = f"consent-full:{inbound.key.update_id}"
            full = to_participant(
                participant, key, [words(desk.study.consent.full)], buttons=_consent_rows(full_text=False)
            )
            await uow.outbox.put(full, desk.now())
        case ["j", "go"]:
            await _show(uow, desk, participant, Joining(step="items"), inbound)
        case ["j", "tick", item] if at.step == "items":
            await _tick(uow, desk, participant, at, item, inbound)
        case ["j", "done"] if at.step == "items":
            notice = await _finish(uow, desk, participant, at, inbound)
        case ["j", "no"]:
            await _decline(uow, desk, participant, at, inbound)
        case _:
            notice = phrase("patient.stale")
            await _show(uow, desk, participant, at, inbound)
    await uow.outbox.put(answer_tap(inbound, whom, participant.language, desk.now(), notice), desk.now())


async def _show(uow: UnitOfWork, desk: Desk, participant: Participant, at: Joining, inbound: Inbound) -> None:
    key = f"join:{participant.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(_screen(desk, participant, at, key), desk.now())
    await keep_in_conversation(uow, participant, {_KEPT: replace(at, screen=key).to_json()})


def _screen(
    desk: Desk, participant: Participant, at: Joining, key: str, *, edits: str | None = None
) -> Message:
    consent = desk.study.consent
    match at.step:
        case "language":
            message = to_participant(
                participant, key, [phrase("patient.join.greeting")], buttons=_language_rows()
            )
            return replace(message, both_languages=True)
        case "consent":
            return to_participant(
                participant, key, [words(consent.summary)], buttons=_consent_rows(full_text=True)
            )
        case _:
            rows = tuple((_item_button(item, at),) for item in consent.items)
            return to_participant(
                participant,
                key,
                [phrase("patient.join.items")],
                buttons=(
                    *rows,
                    (button("patient.join.done", "j:done"), button("patient.join.decline", "j:no")),
                ),
                edits=edits,
            )


def _language_rows() -> Rows:
    return ((button("patient.join.chinese", "j:lang:zh"), button("patient.join.english", "j:lang:en")),)


def _consent_rows(*, full_text: bool) -> Rows:
    rows: Rows = ((button("patient.join.go_on", "j:go"),), (button("patient.join.decline", "j:no"),))
    return (*rows, (button("patient.join.full_text", "j:full"),)) if full_text else rows


def _item_button(item: ConsentItem, at: Joining) -> Button:
    key = "patient.join.ticked" if item.code in at.ticked else "patient.join.unticked"
    return Button(label=Phrase(key=key, values={"item": item.label}), data=f"j:tick:{item.code}")


async def _tick(
    uow: UnitOfWork, desk: Desk, participant: Participant, at: Joining, item: str, inbound: Inbound
) -> None:
    if item not in {known.code for known in desk.study.consent.items}:
        return
    ticked = tuple(code for code in at.ticked if code != item) if item in at.ticked else (*at.ticked, item)
    moved = replace(at, ticked=ticked)
    key = f"join-tick:{participant.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(_screen(desk, participant, moved, key, edits=at.screen), desk.now())
    await keep_in_conversation(uow, participant, {_KEPT: moved.to_json()})


async def _finish(
    uow: UnitOfWork, desk: Desk, participant: Participant, at: Joining, inbound: Inbound
) -> Phrase | None:
    consent = desk.study.consent
    if any(item.required and item.code not in at.ticked for item in consent.items):
        return phrase("patient.join.two_needed")
    now = desk.now()
    for item in consent.items:
        await _store_consent(uow, desk, participant, item.code, agreed=item.code in at.ticked)
    # A death that was told stops the messages, whoever ticks, until a person has settled it.
    stopped_at = participant.messages_stopped_at if await death_is_reported(uow, participant) else None
    caregiver = any(not item.required and item.code in at.ticked for item in consent.items)
    joined = await uow.participants.save(
        replace(
            participant,
            state=ParticipantState.CONSENTED
            if participant.state is ParticipantState.INVITED
            else participant.state,
            joined_at=now,
            caregiver_may_write=caregiver,
            messages_stopped_at=stopped_at,
        )
    )
    await keep_in_conversation(uow, joined, {_KEPT: None})
    joined = await replan_in(uow, desk, joined)
    said = [phrase("patient.join.welcome"), await next_visit_phrase(uow, desk, joined)]
    key = f"joined:{joined.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(to_participant(joined, key, said, buttons=home_rows()), desk.now())
    await show_patient_menu(uow, desk, joined, str(inbound.key.update_id))
    return None


async def _decline(
    uow: UnitOfWork, desk: Desk, participant: Participant, at: Joining, inbound: Inbound
) -> None:
    """Keeps nothing but that she declined; the site is not told why, because she need not say."""
    for item in desk.study.consent.items:
        await _store_consent(uow, desk, participant, item.code, agreed=False)
    site = await site_of(uow, participant.site_code)
    declined = await uow.participants.save(
        replace(participant, state=ParticipantState.DECLINED, joined_at=None, next_look_at=None)
    )
    key = f"declined:{declined.subject_code}:{inbound.key.update_id}"
    await uow.outbox.put(
        to_participant(declined, key, [phrase("patient.join.declined", site_phone=site.phone)]), desk.now()
    )
    await keep_in_conversation(uow, declined, {_KEPT: Joining(step="language").to_json()})


async def _store_consent(
    uow: UnitOfWork, desk: Desk, participant: Participant, item: str, *, agreed: bool
) -> None:
    now = desk.now()
    await uow.consents.add(
        Consent(
            subject_code=participant.subject_code,
            version=desk.study.consent.version,
            language=participant.language,
            item=item,
            agreed=agreed,
            at=now,
        )
    )
    await uow.audit.record(
        kind="patient:consent:agreed" if agreed else "patient:consent:not_agreed",
        actor=patient_actor(participant),
        at=now,
        subject=participant.subject_code,
        entity="consent",
        entity_id=item,
        field="agreed",
        new=str(agreed),
    )
