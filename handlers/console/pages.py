"""A page: a template, the words in the reader's language, and moments on the clock of the site."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.actions.console_account import Visitor
from bot.actions.desk import Desk
from bot.actions.review_audit import reads_system_audit
from bot.clock import new_secret
from bot.rules.activities import PlannedActivity
from bot.rules.errors import Refusal
from bot.rules.messages import Phrase
from bot.rules.study import Bilingual, Language, Level
from bot.texts import Texts, day_in_words, enum_key, moment_in_words

HERE = Path(__file__).parent
FORM_COOKIE = "suifang_form"
LANGUAGE_COOKIE = "suifang_language"
DEFAULT_ZONE = "Asia/Shanghai"
_LANGUAGES = {"zh": Language.ZH, "zh-Hans": Language.ZH, "en": Language.EN}
# A level is never told by its colour alone: its sign and its word stand beside it.
SIGNS = {Level.EMERGENCY: "●", Level.URGENT: "▲", Level.SAME_DAY: "◆", Level.ROUTINE: "○", Level.NONE: "–"}


@dataclass(frozen=True, slots=True)
class Console:
    """What every page of one console has at hand."""

    desk: Desk
    texts: Texts
    templates: Environment
    secure_cookies: bool
    beat_s: float

    @classmethod
    def made(cls, desk: Desk, texts: Texts, *, secure_cookies: bool, beat_s: float) -> Console:
        """With the templates of this folder; what a template does not know is an error, not a blank."""
        templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return cls(desk, texts, templates, secure_cookies, beat_s)


def console_of(request: Request) -> Console:
    """The console this request came to."""
    console: Console = request.app.state.console
    return console


def visitor_in(request: Request) -> Visitor:
    """The signed-in person of a guarded page."""
    visitor: Visitor = request.scope["visitor"]
    return visitor


def seen_by(request: Request) -> Visitor | None:
    """The signed-in person, or None where nobody is."""
    return request.scope.get("visitor")


def session_cookie(secure: bool) -> str:
    """The name of the session's cookie; `__Host-` ties it to this host and https."""
    return "__Host-suifang" if secure else "suifang"


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """The page in the language of whoever looks at it."""
    console, visitor = console_of(request), seen_by(request)
    speech = speech_of(request)
    form_token = visitor.csrf if visitor else request.cookies.get(FORM_COOKIE) or new_secret()
    html = console.templates.get_template(template).render(
        **speech.words_for_templates(),
        demo=console.desk.marks_demo,
        form_token=form_token,
        language=speech.language,
        now=console.desk.now(),
        path=request.url.path,
        signs=SIGNS,
        static=static_url,
        reads_system_audit=visitor is not None and reads_system_audit(visitor.staff),
        visitor=visitor,
        zone=DEFAULT_ZONE,
        **values,
    )
    response = HTMLResponse(html, status_code=status)
    if visitor is None:
        _set_form_cookie(response, form_token, console.secure_cookies)
    return response


def speech_of(request: Request) -> Speech:
    """The words for whoever looks at this page."""
    return Speech(console_of(request).texts, language_of(request))


def language_of(request: Request) -> Language:
    """What the person chose; before the sign-in what the address, a cookie or the browser says."""
    visitor = seen_by(request)
    if visitor is not None:
        return visitor.language
    for said in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
        if said in _LANGUAGES:
            return _LANGUAGES[said]
    first = request.headers.get("accept-language", "").lower()
    return Language.EN if first.startswith("en") else Language.ZH


def language_named(name: str) -> Language | None:
    """The language of a short name, `zh` or `en`."""
    return _LANGUAGES.get(name)


class Speech:
    """The words of one page."""

    def __init__(self, texts: Texts, language: Language) -> None:
        self._texts = texts
        self.language = language

    def words_for_templates(self) -> dict[str, Any]:
        """What templates say things with."""
        return {
            "t": self.say,
            "activity": self.activity,
            "audited": self.audited,
            "word": self.word,
            "phrase": self.phrase,
            "said": self.said,
            "when": self.when,
            "day_words": self.day,
            "lasting": self.lasting,
            "refusal_words": self.refusal,
        }

    def say(self, key: str, /, **values: object) -> str:
        """The words of a key."""
        zone = values.pop("zone", DEFAULT_ZONE)
        return self._texts.say(key, self.language, zone=str(zone), **values)

    def word(self, member: Enum) -> str:
        """The word of an enum."""
        return self._texts.say(enum_key(member), self.language)

    def phrase(self, phrase: Phrase, zone: str) -> str:
        """A phrase as the chat would say it; the chat's red dot becomes the sign of every page."""
        return self._texts.words(phrase, self.language, zone).replace("🔴", SIGNS[Level.EMERGENCY])

    def activity(self, activity: PlannedActivity) -> str:
        """An activity of a plan: `dose 2`, `blood test L2`."""
        key = f"staff.activity.{activity.kind.value.lower()}"
        number = activity.number or activity.therapy or 0
        return self.say(key, number=number, draws=" + ".join(activity.draws))

    def audited(self, kind: str) -> str:
        """What an entry of the audit trail says happened; a kind without words stands for itself."""
        key = f"console.audited.{kind.replace(':', '_')}"
        return self.say(key) if key in self._texts.keys() else kind  # noqa: SIM118 - the keys are a method

    def said(self, words: Bilingual) -> str:
        """Words of the study or a site."""
        return words.said_in(self.language)

    def when(self, moment: datetime, zone: str, form: str | None = None) -> Markup:
        """A moment on the clock of the site; the zone and the year show on hover and to machines."""
        local = moment.astimezone(ZoneInfo(zone))
        shown = moment_in_words(moment, self.language, zone, form)
        hover = f"{local:%Y-%m-%d %H:%M:%S} {zone}"
        return Markup('<time datetime="{}" title="{}">{}</time>').format(local.isoformat(), hover, shown)

    def day(self, day: date) -> str:
        """A day with its weekday."""
        return day_in_words(day, self.language)

    def lasting(self, length: timedelta) -> str:
        """A length of time in its largest unit: minutes, hours, or days."""
        minutes = max(int(length.total_seconds() // 60), 0)
        if minutes < 120:
            return self.say("console.lasting.minutes", count=minutes)
        if minutes < 48 * 60:
            return self.say("console.lasting.hours", count=minutes // 60)
        return self.say("console.lasting.days", count=minutes // (24 * 60))

    def refusal(self, refusal: Refusal) -> str:
        """Why something was refused."""
        return self._texts.words(Phrase(key=refusal.key, values=refusal.values), self.language, DEFAULT_ZONE)


def _set_form_cookie(response: Response, token: str, secure: bool) -> None:
    response.set_cookie(FORM_COOKIE, token, max_age=3600, httponly=True, samesite="strict", secure=secure)


def static_url(name: str) -> str:
    """The address of a file of ours; it changes with the file, so that a browser never keeps an old one."""
    return f"/static/{name}?v={_fingerprint(name)}"


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
