"""`suifang staff`: the people of the sites, their roles, their ways in."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.manage_staff import add_staff, invite_staff, list_staff, remove_role, revoke_staff
from bot.actions.who_is_called import is_reachable
from bot.commands.coverage import warn_of_gaps
from bot.commands.second_roads import staff_second_road
from bot.commands.speaking import OPERATOR, AsJson, at_desk, language_typed, local_words, tell
from bot.rules.access import Staff
from bot.rules.study import Role, SiteCode, StaffCode
from bot.settings import load_settings

staff_app = typer.Typer(help="Staff of the sites.", no_args_is_help=True)
staff_app.command("second-road")(staff_second_road)


@staff_app.command("add")
def staff_add(
    code: str,
    role: Annotated[str, typer.Option()],
    site: str | None = None,
    language: str = "zh",
    as_json: AsJson = False,
) -> None:
    """Adds a person, or a further role of a person."""
    slug = _role_typed(role)
    at_desk(
        lambda desk: add_staff(
            desk,
            code=StaffCode(code),
            role=slug,
            site=None if site is None else SiteCode(site),
            language=language_typed(language),
            by=OPERATOR,
        )
    )
    warn_of_gaps(of=StaffCode(code))
    tell(as_json, {"staff": code, "role": slug, "site": site}, [f"{code}: {slug} at {site or 'all sites'}."])


@staff_app.command("remove-role")
def staff_remove_role(
    code: str,
    role: Annotated[str, typer.Option()],
    reason: Annotated[str, typer.Option()],
    site: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Takes one of several roles from a person; cases they may not have any more ring for the others."""
    slug, at_site = _role_typed(role), None if site is None else SiteCode(site)
    at_desk(
        lambda desk: remove_role(
            desk, code=StaffCode(code), role=slug, site=at_site, reason=reason, by=OPERATOR
        )
    )
    warn_of_gaps(site=site)
    document = {"staff": code, "removed": slug, "site": site}
    tell(as_json, document, [f"{code}: no longer {slug} at {site or 'all sites'}."])


def _role_typed(role: str) -> Role:
    slug = "sub_investigator" if role == "investigator" else role.replace("-", "_")
    if slug not in {one.value for one in Role}:
        raise typer.BadParameter(f"{role!r} is no role; one of {', '.join(one.value for one in Role)}")
    return Role(slug)


@staff_app.command("link")
def staff_link(code: str, as_json: AsJson = False) -> None:
    """A one-time code for the chat and one for the console; earlier ones stop working."""
    chat, console = at_desk(lambda desk: invite_staff(desk, code=StaffCode(code), by=OPERATOR))
    sign_in = f"{load_settings().console_address}/sign-in?code={console.code}"
    document = {
        "chat_code": chat.code,
        "link": chat.link,
        "console_code": console.code,
        "console_link": sign_in,
        "expires": chat.expires_at,
    }
    lines = [
        f"Chat code {chat.code} {chat.link}".rstrip(),
        f"Console code {console.code} {sign_in}",
        f"Valid until {local_words(chat.expires_at)}",
    ]
    tell(as_json, document, lines)


@staff_app.command("revoke")
def staff_revoke(
    code: str,
    reason: Annotated[str, typer.Option()],
    lost: Annotated[bool, typer.Option("--lost", help="Lost or stolen: at once, whoever is left.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ends every right of a person at once; their open cases ring for the others."""
    at_desk(lambda desk: revoke_staff(desk, code=StaffCode(code), reason=reason, by=OPERATOR, lost=lost))
    warn_of_gaps(of=StaffCode(code))
    tell(as_json, {"revoked": code}, [f"{code} is revoked."])


@staff_app.command("list")
def staff_list(as_json: AsJson = False) -> None:
    """All people, with their roles."""
    people = at_desk(list_staff)
    document = [
        {
            "code": one.code,
            "roles": [{"role": posting.role.value, "site": posting.site} for posting in one.postings],
            "linked": one.linked,
            "reachable": is_reachable(one) and one.revoked_at is None,
            "unreachable_since": one.unreachable_since,
            "revoked_at": one.revoked_at,
        }
        for one in people
    ]
    lines = [
        f"{one.code}  {', '.join(f'{posting.role.value}@{posting.site}' for posting in one.postings)}"
        f"  {_standing(one)}"
        for one in people
    ]
    tell(as_json, document, lines or ["Nobody yet. Next: suifang staff add CODE --site SITE --role ROLE"])


def _standing(one: Staff) -> str:
    """Whether alerts reach this person."""
    if one.revoked_at is not None:
        return "revoked"
    if not one.linked:
        return "not linked: cannot be reached"
    if one.unreachable_since is not None:
        return f"linked, UNREACHABLE since {one.unreachable_since:%Y-%m-%dT%H:%MZ}"
    return "linked"
