"""`suifang site`: the hospitals of the trial."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.actions.keep_group import Keeper, invite_group, list_groups, remove_group
from bot.actions.manage_sites import add_site, list_sites, set_out_of_hours
from bot.commands.coverage import warn_of_gaps
from bot.commands.holidays import warn_of_unknown_years
from bot.commands.second_roads import site_second_road
from bot.commands.speaking import OPERATOR, AsJson, at_desk, local_words, tell
from bot.rules.access import Site
from bot.rules.roster import OutOfHours
from bot.rules.study import Bilingual, SiteCode

site_app = typer.Typer(help="Sites.", no_args_is_help=True)
site_app.command("second-road")(site_second_road)


@site_app.command("add")
def site_add(
    code: str,
    name_zh: Annotated[str, typer.Option()],
    name_en: Annotated[str, typer.Option()],
    phone: Annotated[str, typer.Option()],
    time_zone: str = "Asia/Shanghai",
    as_json: AsJson = False,
) -> None:
    """Adds a site."""
    site = Site(code=SiteCode(code), name=Bilingual(en=name_en, zh=name_zh), phone=phone, time_zone=time_zone)
    at_desk(lambda desk: add_site(desk, site=site, by=OPERATOR))
    warn_of_unknown_years()
    tell(as_json, {"site": code}, [f"Site {code} added."])


@site_app.command("cover")
def site_cover(
    code: str,
    advice_only: Annotated[
        bool,
        typer.Option(
            "--advice-only/--all-hours",
            help="Outside working hours patients are sent to an emergency department, and told so.",
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Whether somebody of the site can be reached at night and on days off."""
    promise = OutOfHours.ADVICE_ONLY if advice_only else OutOfHours.COVERED
    at_desk(lambda desk: set_out_of_hours(desk, site=SiteCode(code), promise=promise, by=OPERATOR))
    warn_of_gaps(site=code)
    tell(as_json, {"site": code, "out_of_hours": promise.value}, [f"Site {code}: {promise.value}."])


@site_app.command("group")
def site_group(
    code: str,
    invite: Annotated[
        bool,
        typer.Option("--invite", help="A one-time code; a person with the right types it in the group."),
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="The group gets no more alerts.")] = False,
    reason: Annotated[str, typer.Option(help="Why it is removed.")] = "",
    as_json: AsJson = False,
) -> None:
    """The staff group of a site, told every alert beside the private chats: shown, registered, removed."""
    site, by = SiteCode(code), Keeper(operator=OPERATOR)
    if invite and remove:
        raise typer.BadParameter("--invite or --remove, not both")
    if remove:
        at_desk(lambda desk: remove_group(desk, site=site, reason=reason, by=by))
        tell(as_json, {"site": code, "removed": True}, [f"The staff group of {code} gets no more alerts."])
        return
    if invite:
        made = at_desk(lambda desk: invite_group(desk, site=site, by=by))
        lines = [
            f"Typed in the group, with the bot in it: /register {made.code}",
            f"Valid until {local_words(made.expires_at)}",
        ]
        tell(as_json, {"site": code, "code": made.code, "expires": made.expires_at}, lines)
        return
    found = [one for one in at_desk(list_groups) if one.site == site]
    document = [
        {
            "site": one.site,
            "registered_by": one.registered_by,
            "registered_at": one.registered_at,
            "unreachable_since": one.unreachable_since,
        }
        for one in found
    ]
    lines = [
        f"{one.site}: registered by {one.registered_by}, {one.registered_at}; "
        + (f"unreachable since {one.unreachable_since}" if one.unreachable_since else "reachable")
        for one in found
    ]
    tell(as_json, document[0] if document else None, lines or [f"{code} has no staff group."])


@site_app.command("list")
def site_list(as_json: AsJson = False) -> None:
    """All sites."""
    sites = at_desk(list_sites)
    document = [
        {
            "code": one.code,
            "en": one.name.en,
            "zh": one.name.zh,
            "phone": one.phone,
            "time_zone": one.time_zone,
        }
        for one in sites
    ]
    lines = [f"{one.code}  {one.name.en} / {one.name.zh}  {one.phone}" for one in sites]
    tell(as_json, document, lines or ["No site yet. Next: suifang site add CODE"])
