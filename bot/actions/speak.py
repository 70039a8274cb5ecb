"""Builds the messages the actions put into the outbox, so that every one is addressed in the same way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.rules.access import Site, Staff
from bot.rules.inbound import Inbound
from bot.rules.messages import Button, Message, Phrase, Priority, Recipient, RecipientKind, SendKind
from bot.rules.participant import Participant
from bot.rules.study import Bilingual, Language, SafetyText, StaffCode, SubjectCode

Rows = tuple[tuple[Button, ...], ...]

# A tap must be answered within seconds or Telegram calls it too old; later it is no failure.
TAP_ANSWER_LIFE = timedelta(seconds=30)


def phrase(key: str, **values: object) -> Phrase:
    """A message key with its values."""
    return Phrase(key=key, values=values)


def words(text: Bilingual) -> Phrase:
    """Approved words of the study, said as they stand."""
    return Phrase(words=text)


def button(key: str, data: str, **values: object) -> Button:
    """A button with a label by key."""
    return Button(label=phrase(key, **values), data=data)


def participant_as_recipient(subject: SubjectCode) -> Recipient:
    """A participant as whom a message is for."""
    return Recipient(RecipientKind.PARTICIPANT, subject)


def staff_as_recipient(staff: StaffCode) -> Recipient:
    """A member of staff as whom a message is for."""
    return Recipient(RecipientKind.STAFF, staff)


def home_rows() -> Rows:
    """What stands under an answer that asks nothing; the red button first."""
    return (
        (button("patient.button.unwell", "h:unwell"),),
        (button("patient.button.visits", "h:visits"), button("patient.button.phone", "h:phone")),
    )


def whole_home_rows() -> Rows:
    """Everything she can always come back to; the red button first."""
    return (
        (button("patient.button.unwell", "h:unwell"),),
        (button("patient.button.report", "h:report"), button("patient.button.visits", "h:visits")),
        (button("patient.button.phone", "h:phone"), button("patient.button.language", "h:language")),
        (button("patient.button.stop", "h:stop"),),
    )


def to_participant(
    participant: Participant,
    unique_key: str,
    phrases: Sequence[Phrase],
    *,
    buttons: Rows = (),
    priority: Priority = Priority.REPLY,
    edits: str | None = None,
    waits_for: str | None = None,
    expires_at: datetime | None = None,
    cancel_tag: str | None = None,
    routine: bool = False,
    case_id: str | None = None,
) -> Message:
    """A message to a participant in her language. `edits` names the row whose message it replaces."""
    return Message(
        unique_key=unique_key,
        to=participant_as_recipient(participant.subject_code),
        language=participant.language,
        time_zone=participant.time_zone,
        about=participant.subject_code,
        priority=priority,
        phrases=tuple(phrases),
        kind=SendKind.EDIT if edits else SendKind.SEND,
        edits=edits,
        buttons=buttons,
        waits_for=waits_for,
        expires_at=expires_at,
        cancel_tag=cancel_tag,
        routine=routine,
        case_id=case_id,
    )


def advice(
    participant: Participant,
    site: Site,
    text: SafetyText,
    unique_key: str,
    *,
    case_id: str | None = None,
    rows: Rows = (),
) -> Message:
    """A safety text, in both languages, her own first; it names the site's phone.

    Source: specification 2.9.
    """
    return Message(
        unique_key=unique_key,
        to=participant_as_recipient(participant.subject_code),
        language=participant.language,
        time_zone=participant.time_zone,
        about=participant.subject_code,
        priority=Priority.SAFETY,
        phrases=(Phrase(words=text.text, values={"site_phone": site.phone}),),
        buttons=rows,
        both_languages=True,
        case_id=case_id,
    )


def to_staff(
    staff: Staff,
    site: Site | None,
    unique_key: str,
    phrases: Sequence[Phrase],
    *,
    buttons: Rows = (),
    priority: Priority = Priority.REPLY,
    about: SubjectCode | None = None,
    edits: str | None = None,
    case_id: str | None = None,
    expires_at: datetime | None = None,
    cancel_tag: str | None = None,
) -> Message:
    """A message to a member of staff, in their language, at the site's time; it carries no identity.

    Whoever acts at several sites reads above it which one it is about, unless it says so itself.
    """
    if site is not None and staff.acts_at_several_sites and not _names_site(phrases):
        phrases = (phrase("staff.acting_for", code=site.code, site=site.name), *phrases)
    return Message(
        unique_key=unique_key,
        to=staff_as_recipient(staff.code),
        language=staff.language,
        time_zone=site.time_zone if site else "Asia/Shanghai",
        about=about,
        priority=priority,
        phrases=tuple(phrases),
        kind=SendKind.EDIT if edits else SendKind.SEND,
        edits=edits,
        buttons=buttons,
        protect_content=True,
        case_id=case_id,
        expires_at=expires_at,
        cancel_tag=cancel_tag,
    )


def _names_site(phrases: Sequence[Phrase]) -> bool:
    """Whether a site stands somewhere in these words."""
    for one in phrases:
        if not {"site", "sites"}.isdisjoint(one.values):
            return True
        within = [value if isinstance(value, tuple) else (value,) for value in one.values.values()]
        if _names_site([value for values in within for value in values if isinstance(value, Phrase)]):
            return True
    return False


def answer_tap(
    inbound: Inbound, to: Recipient, language: Language, now: datetime, notice: Phrase | None = None
) -> Message:
    """Stops the spinner on a tapped button; `notice` is shown for a moment (200 characters at most)."""
    return Message(
        unique_key=f"tap:{inbound.key.bot_id}:{inbound.key.update_id}",
        to=to,
        language=language,
        priority=Priority.REPLY,
        phrases=(notice,) if notice else (),
        kind=SendKind.ANSWER_TAP,
        tap_id=inbound.tap_id,
        expires_at=now + TAP_ANSWER_LIFE,
    )


def remove_buttons(to: Recipient, language: Language, of_key: str) -> Message:
    """Takes the buttons off a message that no longer counts."""
    return Message(
        unique_key=f"unbutton:{of_key}",
        to=to,
        language=language,
        priority=Priority.REPLY,
        phrases=(),
        kind=SendKind.REMOVE_BUTTONS,
        edits=of_key,
    )
