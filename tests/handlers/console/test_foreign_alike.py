"""Whatever is asked of another site's patient, the console answers as for one that does not exist.

Every address of a participant is tried, as the application knows them: a new page is held to it by itself.
"""

from __future__ import annotations

import re

from starlette.routing import Route

from handlers.console.app import console_app
from tests.databases import asked_of_the_archive
from tests.handlers.console.conftest import SUBJECT, Browser, SignIn, World, the_words

NOBODY = "TJ-999"
FILLED = {"key": "visit-D8", "number": "1", "symptom": "BLD_NOSE"}


def addresses(world: World) -> list[tuple[str, str]]:
    """Method and address of everything about one participant; the rest of an address is filled in."""
    app = console_app(world.desk, the_words(), secure_cookies=False)
    return [
        (method, re.sub(r"\{(\w+)\}", lambda one: FILLED.get(one[1], "x" * 20), path))
        for route in app.routes
        if isinstance(route, Route) and "{subject}" in route.path
        for path in [route.path.replace("{subject}", "SUBJECT")]
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


async def answered(browser: Browser, method: str, address: str, **fields: str) -> tuple[list[str], int, str]:
    """What it asked of the archive, the status, and the page."""
    data = {"token": browser.token, **fields} if method == "POST" else None
    with asked_of_the_archive() as asked:
        response = await browser.client.request(method, address, data=data)
    return asked, response.status_code, response.text


async def test_every_address_of_a_participant_answers_alike_with_the_same_work(
    world: World, signed_in: SignIn
) -> None:
    for code in ("CA1", "SI1"):
        await world.staff(code)
    await world.enrol()
    await world.dose()
    await world.red_flag()
    browser = await signed_in(world, "CW1")
    tried = addresses(world)
    assert len(tried) > 30
    for method, address in tried:
        foreign, unknown = (address.replace("SUBJECT", code) for code in (SUBJECT, NOBODY))
        asked, status, page = await answered(browser, method, foreign)
        assert status == 404, (method, address)
        same, nobodys_status, nobodys = await answered(browser, method, unknown)
        assert (asked, status, page.replace(SUBJECT, NOBODY)) == (same, nobodys_status, nobodys), address


async def test_a_case_and_an_export_of_another_site_answer_alike(world: World, signed_in: SignIn) -> None:
    await world.enrol()
    await world.red_flag()
    async with world.desk.archive.read() as uow:
        (case,) = await uow.cases.all_of(SUBJECT)
    browser = await signed_in(world, "CW1")
    nobodys = "0" * len(case.id)
    for method, address in (
        ("GET", "/cases/{}"),
        ("POST", "/cases/{}/take"),
        ("POST", "/cases/{}/contact"),
        ("POST", "/cases/{}/close"),
    ):
        fields = {"reached": "yes", "outcome": "FALSE_ALARM"} if method == "POST" else {}
        theirs = await answered(browser, method, address.format(case.id), **fields)
        none = await answered(browser, method, address.format(nobodys), **fields)
        assert theirs[1] == 404
        assert (theirs[0], theirs[2].replace(case.id, nobodys)) == (none[0], none[2]), address
    for form in ("csv", "xlsx"):
        assert await answered(browser, "POST", "/export", site="TJ", format=form) == await answered(
            browser, "POST", "/export", site="XX", format=form
        )
