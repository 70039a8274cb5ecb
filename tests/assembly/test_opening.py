"""A rehearsal and a real study never meet in one database."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bot.actions.manage_sites import add_site
from bot.assembly.opening import opened_desk
from bot.assembly.peopling import OPERATOR
from bot.rules.errors import Refusal
from bot.settings import Mode, Settings
from tests import cast
from tests.databases import SECRET


def settings(url: str, mode: Mode) -> Settings:
    return Settings(database_url=SecretStr(url), secret_key=SecretStr(SECRET), mode=mode)


@pytest.mark.parametrize("mode", [Mode.DEMO, Mode.LIVE])
async def test_a_rehearsals_database_is_refused_outside_the_rehearsal(database_url: str, mode: Mode) -> None:
    async with opened_desk(settings(database_url, Mode.REHEARSAL)):
        pass
    with pytest.raises(Refusal) as refused:
        async with opened_desk(settings(database_url, mode)):
            pass
    assert refused.value.key == "refusal.only_a_rehearsal"
    async with opened_desk(settings(database_url, Mode.REHEARSAL)):
        pass


async def test_a_rehearsal_refuses_a_database_that_is_in_use(database_url: str) -> None:
    async with opened_desk(settings(database_url, Mode.DEMO)) as desk:
        await add_site(desk, site=cast.TIANJIN, by=OPERATOR)
    with pytest.raises(Refusal) as refused:
        async with opened_desk(settings(database_url, Mode.REHEARSAL)):
            pass
    assert refused.value.key == "refusal.not_a_rehearsal"
