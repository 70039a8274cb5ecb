"""Settings: names of the contract, every complaint at once, secrets that never show."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.settings import DEMO_KEY, Mode, Settings, SettingsFaulty, bot_token, load_settings, secret_key

TOKEN = "123456789:AbCdEfGhIjKlMnOpQrStUvWxYz012345678"
KEY = "k" * 32


@pytest.fixture(autouse=True)
def _in_an_empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def given(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"SUIFANG_{name}", value)


def complaints() -> tuple[str, ...]:
    with pytest.raises(SettingsFaulty) as refused:
        load_settings()
    return refused.value.complaints


class TestReading:
    def test_without_any_setting_it_is_a_demo_on_a_file(self) -> None:
        settings = load_settings()
        assert settings.mode is Mode.DEMO
        assert settings.database_url.get_secret_value() == "sqlite+aiosqlite:///data/suifang.db"
        assert settings.telegram_api_url == "https://api.telegram.org"
        assert settings.study == "ql-ctit-ruls-1002"
        assert settings.console_address == "http://127.0.0.1:8080"

    def test_the_names_are_those_of_the_contract(self) -> None:
        assert {name.upper() for name in Settings.model_fields} == {
            "TELEGRAM_TOKEN",
            "TELEGRAM_API_URL",
            "TELEGRAM_PROXY_URL",
            "WEBHOOK_URL",
            "DATABASE_URL",
            "STUDY",
            "MODE",
            "SECRET_KEY",
            "CONSOLE_HOST",
            "CONSOLE_PORT",
            "CONSOLE_URL",
            "ALERT_URLS",
            "HEARTBEAT_URL",
            "REACH_CHECK_AT",
            "LOG_LEVEL",
        }

    def test_the_environment_wins_over_the_env_file(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Path(".env").write_text(
            f"SUIFANG_TELEGRAM_TOKEN={TOKEN}\nSUIFANG_LOG_LEVEL=debug\nOTHER=1\n", encoding="utf-8"
        )
        given(monkeypatch, LOG_LEVEL="error")
        settings = load_settings()
        assert bot_token(settings) == TOKEN
        assert settings.log_level == "ERROR"

    def test_an_empty_value_counts_as_unset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given(monkeypatch, WEBHOOK_URL="", CONSOLE_PORT="", TELEGRAM_TOKEN_FILE="")
        settings = load_settings()
        assert settings.webhook_url is None
        assert settings.console_port == 8080

    @pytest.mark.parametrize(
        ("plain", "driven"),
        [
            ("sqlite:///there.db", "sqlite+aiosqlite:///there.db"),
            ("postgresql://u:p@db/suifang", "postgresql+asyncpg://u:p@db/suifang"),
            ("postgres:///suifang?host=/run", "postgresql+asyncpg:///suifang?host=/run"),
            ("postgresql+asyncpg://db/suifang", "postgresql+asyncpg://db/suifang"),
        ],
    )
    def test_a_plain_database_address_gets_its_driver(
        self, monkeypatch: pytest.MonkeyPatch, plain: str, driven: str
    ) -> None:
        given(monkeypatch, DATABASE_URL=plain)
        assert load_settings().database_url.get_secret_value() == driven

    def test_settings_made_directly_take_nothing_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given(monkeypatch, STUDY="elsewhere", MODE="live")
        settings = Settings(mode=Mode.REHEARSAL, telegram_api_url="http://127.0.0.1:9000/")
        assert settings.study == "ql-ctit-ruls-1002"
        assert settings.telegram_api_url == "http://127.0.0.1:9000"

    def test_a_self_hosted_server_takes_any_webhook(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given(monkeypatch, TELEGRAM_API_URL="http://127.0.0.1:8081", WEBHOOK_URL="http://10.0.0.2:8080/")
        assert load_settings().webhook_url == "http://10.0.0.2:8080"


class TestComplaints:
    def test_every_complaint_is_made_at_once_and_says_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given(
            monkeypatch,
            TELEGRAM_TOKEN="my-bot",
            TELEGRAM_API_URL="api.telegram.org",
            TELEGRAM_PROXY_URL="proxy.example:1080",
            WEBHOOK_URL="ftp://there",
            DATABASE_URL="mongodb://there",
            MODE="live",
            CONSOLE_PORT="many",
            LOG_LEVEL="loud",
        )
        said = complaints()
        assert [line.split()[0].removeprefix("SUIFANG_") for line in said] == [
            "TELEGRAM_TOKEN",
            "TELEGRAM_API_URL",
            "TELEGRAM_PROXY_URL",
            "WEBHOOK_URL",
            "DATABASE_URL",
            "SECRET_KEY",
            "CONSOLE_PORT",
            "LOG_LEVEL",
        ]
        assert "SUIFANG_CONSOLE_PORT ('many') must be a port from 1 to 65535. Leave it out for 8080." in said

    @pytest.mark.parametrize("key", [None, "short"])
    def test_live_must_be_given_a_long_key(self, monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
        given(monkeypatch, MODE="live", **({"SECRET_KEY": key} if key else {}))
        assert "SUIFANG_SECRET_KEY must have at least 32 characters" in complaints()[0]

    def test_the_rehearsal_is_a_command_and_no_mode(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given(monkeypatch, MODE="rehearsal")
        assert "suifang rehearse" in complaints()[0]

    @pytest.mark.parametrize("address", ["http://bot.example", "https://bot.example:8080"])
    def test_telegrams_own_servers_need_https_and_one_of_their_ports(
        self, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        given(monkeypatch, WEBHOOK_URL=address)
        assert complaints()[0].startswith("SUIFANG_WEBHOOK_URL")

    def test_a_slip_in_a_name_is_not_passed_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given(monkeypatch, TELEGRAM_TOKNE=TOKEN)
        assert complaints() == ("SUIFANG_TELEGRAM_TOKNE is no setting. Did you mean SUIFANG_TELEGRAM_TOKEN?",)

    def test_what_needs_telegram_says_that_there_is_no_token(self) -> None:
        with pytest.raises(SettingsFaulty, match="@BotFather"):
            bot_token(load_settings())


class TestSecrets:
    def test_a_secret_can_come_from_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        path = tmp_path / "token"
        path.write_text(f"{TOKEN}\n", encoding="utf-8")
        given(monkeypatch, TELEGRAM_TOKEN_FILE=str(path))
        assert bot_token(load_settings()) == TOKEN

    def test_a_file_that_is_missing_or_empty_or_given_beside_the_value_is_a_complaint(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        empty = tmp_path / "empty"
        empty.touch()
        given(
            monkeypatch,
            TELEGRAM_TOKEN_FILE=str(tmp_path / "nowhere"),
            DATABASE_URL_FILE=str(empty),
            SECRET_KEY=KEY,
            SECRET_KEY_FILE=str(empty),
        )
        said = "\n".join(complaints())
        assert "SUIFANG_TELEGRAM_TOKEN_FILE: " in said
        assert "No such file" in said
        assert "is empty" in said
        assert "SUIFANG_SECRET_KEY and SUIFANG_SECRET_KEY_FILE are both set" in said

    def test_no_secret_shows_in_the_settings_or_in_a_complaint(self, monkeypatch: pytest.MonkeyPatch) -> None:
        secrets = {
            "TELEGRAM_TOKEN": TOKEN,
            "SECRET_KEY": "q" * 40,
            "DATABASE_URL": "postgresql://u:hunter2@db/x",
            "TELEGRAM_PROXY_URL": "socks5://u:hunter2@proxy.example:1080",
        }
        given(monkeypatch, **secrets)
        shown = repr(load_settings())
        given(monkeypatch, TELEGRAM_TOKEN="hunter2", DATABASE_URL="u:hunter2@db", SECRET_KEY="hunter2")
        shown += "\n".join(complaints())
        for secret in (TOKEN, "q" * 40, "hunter2"):
            assert secret not in shown

    def test_a_demo_makes_its_key_once_for_its_owner_only(self) -> None:
        made = iter([KEY, "another" * 10])
        settings = load_settings()
        assert secret_key(settings, lambda: next(made)) == KEY
        assert secret_key(settings, lambda: next(made)) == KEY
        assert stat.S_IMODE(DEMO_KEY.stat().st_mode) == 0o600
        assert [path.name for path in DEMO_KEY.parent.iterdir()] == ["secret.key"]

    def test_of_two_processes_that_start_at_once_the_first_key_counts(self) -> None:
        def make() -> str:
            DEMO_KEY.parent.mkdir(exist_ok=True)
            DEMO_KEY.write_text(KEY, encoding="utf-8")
            return "another" * 10

        assert secret_key(load_settings(), make) == KEY

    def test_a_key_file_that_was_cut_short_is_never_used(self) -> None:
        DEMO_KEY.parent.mkdir()
        DEMO_KEY.write_text("", encoding="utf-8")
        with pytest.raises(SettingsFaulty, match="damaged"):
            secret_key(load_settings(), lambda: KEY)

    def test_a_given_key_is_used_and_no_file_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given(monkeypatch, SECRET_KEY=KEY)
        assert secret_key(load_settings(), lambda: "never") == KEY
        assert not DEMO_KEY.exists()
