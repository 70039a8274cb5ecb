"""`suifang staff second-road` and `site second-road`: addresses beside Telegram, and a ring to try them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.actions.keep_second_road import addresses_to_try, keep_second_road
from bot.actions.ring_second_road import site_as_recipient
from bot.actions.speak import phrase, staff_as_recipient
from bot.commands.speaking import OPERATOR, SITE_ZONE, AsJson, at_desk, refuse, tell
from bot.delivery.second_road import SecondRoad, understood
from bot.rules.messages import Recipient
from bot.rules.study import Language, SiteCode, StaffCode
from bot.texts import Texts

Urls = Annotated[
    list[str] | None,
    typer.Option("--url", help="An Apprise address; may be repeated. Replaces all earlier ones."),
]
UrlFile = Annotated[
    Path | None,
    typer.Option("--url-file", help="A file of addresses, one a line; so the shell remembers none."),
]
Remove = Annotated[bool, typer.Option("--remove", help="Takes all addresses away.")]
Try = Annotated[bool, typer.Option("--try", help="Sends a trial message to the addresses kept.")]


def staff_second_road(
    code: str,
    url: Urls = None,
    url_file: UrlFile = None,
    remove: Remove = False,
    try_it: Try = False,
    as_json: AsJson = False,
) -> None:
    """Where a person is rung beside Telegram: mail, SMS gateway, WeCom and the like."""
    _keep(staff_as_recipient(StaffCode(code)), url, url_file, remove, try_it, as_json)


def site_second_road(
    code: str,
    url: Urls = None,
    url_file: UrlFile = None,
    remove: Remove = False,
    try_it: Try = False,
    as_json: AsJson = False,
) -> None:
    """Where a site is rung beside Telegram for people who have no address of their own."""
    _keep(site_as_recipient(SiteCode(code)), url, url_file, remove, try_it, as_json)


def _keep(
    owner: Recipient,
    url: Sequence[str] | None,
    url_file: Path | None,
    remove: bool,
    try_it: bool,
    as_json: bool,
) -> None:
    addresses = [*(url or ()), *_of_file(url_file)]
    if bool(addresses) + remove + try_it != 1:
        raise typer.BadParameter("give addresses (--url, --url-file), or --remove, or --try")
    if try_it:
        _try(owner, as_json)
        return
    wrong = [number for number, one in enumerate(addresses, 1) if not understood(one)]
    if wrong:
        refuse(f"Address {', '.join(map(str, wrong))} is none that Apprise understands; nothing was changed.")
    at_desk(lambda desk: keep_second_road(desk, owner=owner, addresses=addresses, by=OPERATOR))
    tell(
        as_json,
        {"owner": owner.code, "addresses": len(addresses)},
        [f"{owner.code}: {len(addresses)} addresses beside Telegram."],
    )


def _try(owner: Recipient, as_json: bool) -> None:
    addresses = at_desk(lambda desk: addresses_to_try(desk, owner=owner, by=OPERATOR))
    texts = Texts.load()
    said = "\n".join(
        texts.words(phrase("operator.second_road.trial"), language, SITE_ZONE) for language in Language
    )
    outcome = asyncio.run(SecondRoad().ring(addresses, title="Suifang", body=said))
    document = {"owner": owner.code, "tried": outcome.tried, "taken": outcome.taken}
    tell(as_json, document, [f"{owner.code}: {outcome.taken} of {outcome.tried} addresses took it."])
    if outcome.taken < outcome.tried:
        raise SystemExit(1)


def _of_file(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}") from error
