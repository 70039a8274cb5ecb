"""The made-up people of a rehearsal and their telephones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.rehearsal.chats import Person
from bot.rules.access import Site
from bot.rules.study import Language, Role, SiteCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """Somebody made up. `role` is None for a patient; `about` is the message key that says who she is.

    `code` is a subject code or a staff code; `site` is None for somebody of all sites.
    """

    code: str
    person: Person
    site: SiteCode | None
    language: Language
    role: Role | None = None
    about: str = ""

    @property
    def is_patient(self) -> bool:
        return self.role is None


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody, by code, in the order in which they are offered; and the sites."""

    characters: Mapping[str, Character]
    sites: tuple[Site, ...]

    def __iter__(self) -> Iterator[Character]:
        return iter(self.characters.values())

    def get(self, code: str) -> Character | None:
        return self.characters.get(code)

    def code_of(self, chat_id: int | None) -> str:
        """Whose telephone this is; empty for nobody's."""
        return next((one.code for one in self if one.person.id == chat_id), "")

    def patients(self) -> tuple[Character, ...]:
        return tuple(one for one in self if one.is_patient)

    def staff_of(self, site: SiteCode | None) -> tuple[Character, ...]:
        """Those who may be told of a patient of this site: its own people first."""
        team = [one for one in self if not one.is_patient and one.site in (None, site)]
        return tuple(sorted(team, key=lambda one: one.site is None))
