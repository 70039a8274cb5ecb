"""Environment → one frozen `Settings`; every complaint at once, in plain words, with the remedy.

All names carry the prefix `SUIFANG_`. `.env` in the working folder is read, and the environment wins over it.
Every secret can also be given as `…_FILE`, the path of a file that holds it. An empty value counts as unset.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import time
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "SUIFANG_"
TELEGRAM = "https://api.telegram.org"
# Made in `demo` when no key is given.
DEMO_KEY = Path("data/secret.key")
SHORTEST_KEY = 32
# Ports to which Telegram's own servers deliver (stack.md, "Telegram itself").
_WEBHOOK_PORTS = (443, 80, 88, 8443)
_PROXIES = ("http", "https", "socks4", "socks5", "socks5h")
_DRIVERS: Final[Mapping[str, str]] = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}


class Mode(StrEnum):
    """`rehearsal`: no Telegram, no network. `demo`: a real bot, made-up patients. `live`: real patients.

    `MODE` takes the last two; the rehearsal is a command of its own.
    """

    REHEARSAL = "rehearsal"
    DEMO = "demo"
    LIVE = "live"


class SettingsFaulty(Exception):
    """What is wrong with the settings; every complaint is listed."""

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = complaints


def _web_address(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError
    return address.rstrip("/")


def _proxy(address: SecretStr) -> SecretStr:
    parts = urlsplit(address.get_secret_value())
    if parts.scheme not in _PROXIES or not parts.hostname:
        raise ValueError
    return address


def _token(token: SecretStr) -> SecretStr:
    number, colon, rest = token.get_secret_value().partition(":")
    if not (number.isdecimal() and colon and rest) or any(mark in rest for mark in "/ \t\n"):
        raise ValueError
    return token


def _with_driver(url: SecretStr) -> SecretStr:
    """Plain `sqlite:` and `postgresql:` get the drivers that this program has."""
    scheme, colon, rest = url.get_secret_value().partition(":")
    driver = _DRIVERS.get(scheme, scheme)
    if not colon or driver not in _DRIVERS.values() or not rest.startswith("//"):
        raise ValueError
    return SecretStr(f"{driver}:{rest}")


def _where_telegram_delivers(address: str, info: ValidationInfo) -> str:
    """Telegram's own servers want https and certain ports; a self-hosted one takes any."""
    parts = urlsplit(address)
    own = info.data.get("telegram_api_url") == TELEGRAM
    if own and (parts.scheme != "https" or (parts.port or 443) not in _WEBHOOK_PORTS):
        raise ValueError
    return address


def _secret_web_address(address: SecretStr) -> SecretStr:
    return SecretStr(_web_address(address.get_secret_value()))


def _roads(addresses: SecretStr) -> SecretStr:
    """Addresses parted by blanks or lines; each names its kind."""
    if not all(one.partition("://")[0] and one.partition("://")[2] for one in split_addresses(addresses)):
        raise ValueError
    return addresses


def split_addresses(addresses: SecretStr) -> tuple[str, ...]:
    """The addresses of a list as it was written; a comma belongs to an address."""
    return tuple(addresses.get_secret_value().split())


def _long_enough(key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    length = len(key.get_secret_value()) if key else 0
    if length < SHORTEST_KEY and (key is not None or info.data.get("mode") is Mode.LIVE):
        raise ValueError
    return key


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """The operator's settings; secrets never show in text. `load_settings` reads them.

    Made directly it takes nothing from the environment: so do the rehearsal and the tests.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=True)

    telegram_token: Annotated[SecretStr, AfterValidator(_token)] | None = None
    telegram_api_url: WebAddress = TELEGRAM
    telegram_proxy_url: Annotated[SecretStr, AfterValidator(_proxy)] | None = None
    webhook_url: Annotated[WebAddress, AfterValidator(_where_telegram_delivers)] | None = None
    database_url: Annotated[SecretStr, AfterValidator(_with_driver)] = SecretStr("sqlite:///data/suifang.db")
    study: Annotated[str, Field(min_length=1)] = "ql-ctit-ruls-1002"
    mode: Mode = Mode.DEMO
    secret_key: Annotated[SecretStr | None, AfterValidator(_long_enough)] = None
    console_host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    console_port: Annotated[int, Field(ge=1, le=65535)] = 8080
    console_url: WebAddress | None = None
    alert_urls: Annotated[SecretStr, AfterValidator(_roads)] | None = None
    heartbeat_url: Annotated[SecretStr, AfterValidator(_secret_web_address)] | None = None
    reach_check_at: time = time(8, 0)
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda level: str(level).upper())
    ] = "INFO"

    @property
    def console_address(self) -> str:
        """Where people reach the console: `CONSOLE_URL`, else host and port."""
        return self.console_url or f"http://{self.console_host}:{self.console_port}"

    @property
    def operator_roads(self) -> tuple[str, ...]:
        """Where the watchman tells the operator; may be empty."""
        return split_addresses(self.alert_urls) if self.alert_urls else ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


SECRETS = (
    "telegram_token",
    "telegram_proxy_url",
    "database_url",
    "secret_key",
    "alert_urls",
    "heartbeat_url",
)

# What each must be, and the remedy; said after the name.
_MUST_BE: Final[Mapping[str, str]] = {
    "telegram_token": "is not a bot token. Copy it again from @BotFather; it looks like 123456789:AbC-dEf…",
    "telegram_api_url": f"must be a web address. Leave it out for {TELEGRAM}, or give the root of your own"
    " Bot API server, such as http://127.0.0.1:8081",
    "telegram_proxy_url": f"must be the address of a proxy. Write it with its kind ({', '.join(_PROXIES)}),"
    " such as socks5://user:password@proxy.example:1080",
    "webhook_url": "must be an address at which Telegram reaches the console's port: https, port 443, 80, 88"
    " or 8443 (a self-hosted Bot API server takes any). Leave it out to use long polling",
    "database_url": "must be the address of a SQLite or PostgreSQL database. Leave it out for"
    " sqlite:///data/suifang.db, or write postgresql://user:password@host/name",
    "study": "must be the id of a built-in study or the path of a study folder",
    "mode": "must be demo or live. To try it without Telegram run `suifang rehearse`",
    "secret_key": f"must have at least {SHORTEST_KEY} characters, and live must be given one. Make it once,"
    " for example with `openssl rand -base64 48`, and keep a copy apart from the backups",
    "console_host": "must be a host name or an address to listen on. Leave it out for 127.0.0.1",
    "console_port": "must be a port from 1 to 65535. Leave it out for 8080",
    "console_url": "must be a web address, the one people type to reach the console. It may be left out",
    "alert_urls": "must be one or more Apprise addresses, parted by blanks, such as"
    " mailtos://user:password@mail.example ntfys://ntfy.example/topic",
    "heartbeat_url": "must be a web address that your watcher outside gave you. It may be left out",
    "reach_check_at": "must be a time of day such as 08:00. Leave it out for 08:00",
    "log_level": "must be DEBUG, INFO, WARNING or ERROR. Leave it out for INFO",
}


def load_settings(env_file: str | Path | None = ".env") -> Settings:
    """The settings in force.

    Raises:
        SettingsFaulty: with every complaint, each naming the variable; a secret is never repeated in it.
    """
    complaints: list[str] = []
    given: dict[str, str] = {}
    for variables in (_dotenv(env_file), EnvSettingsSource(Settings).env_vars):
        layer = {name.upper(): value for name, value in variables.items() if value}
        complaints += _misspelt(layer)
        given |= _layer(layer, complaints)
    if given.get("mode") == Mode.REHEARSAL:
        complaints.append(_complaint("mode", given["mode"]))
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        faulty = {str(one["loc"][0]) for one in error.errors()}
        complaints += [_complaint(name, given.get(name)) for name in Settings.model_fields if name in faulty]
        settings = None
    if settings is None or complaints:
        raise SettingsFaulty(tuple(dict.fromkeys(complaints)))
    return settings


def bot_token(settings: Settings) -> str:
    """The token, for what needs Telegram.

    Raises:
        SettingsFaulty: none was given.
    """
    if settings.telegram_token is None:
        remedy = "Get one from @BotFather, or try `suifang rehearse`, which needs none."
        raise SettingsFaulty((f"{PREFIX}TELEGRAM_TOKEN is not set. {remedy}",))
    return settings.telegram_token.get_secret_value()


def secret_key(settings: Settings, make: Callable[[], str]) -> str:
    """The key that seals the archive; in `demo` one is made once, readable by its owner only.

    `make` gives a new secret (only `bot/clock.py` draws by chance). Two processes that start at once agree
    on the one that was written first.

    Raises:
        SettingsFaulty: the file was cut short.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    if not DEMO_KEY.exists():
        _write_once(DEMO_KEY, make())
    key = DEMO_KEY.read_text(encoding="utf-8").strip()
    if len(key) < SHORTEST_KEY:
        remedy = "Put back the key this archive was sealed with; without it nothing in it can be read."
        raise SettingsFaulty((f"{DEMO_KEY} is damaged. {remedy}",))
    return key


def _write_once(path: Path, secret: str) -> None:
    """Written whole under another name first: whoever reads `path` never sees half a key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return  # another process was first
    finally:
        draft.unlink()


def _dotenv(env_file: str | Path | None) -> Mapping[str, str | None]:
    return DotEnvSettingsSource(Settings, env_file=env_file).env_vars if env_file else {}


def _layer(variables: Mapping[str, str], complaints: list[str]) -> dict[str, str]:
    """What one place says, by field; files of secrets are read."""
    given: dict[str, str] = {}
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if variable in variables:
            given[name] = variables[variable].strip()
        path = variables.get(f"{variable}_FILE") if name in SECRETS else None
        if path and name in given:
            complaints.append(f"{variable} and {variable}_FILE are both set. Leave one of them out.")
        elif path:
            given |= _read(name, Path(path), complaints)
    return given


def _read(name: str, path: Path, complaints: list[str]) -> dict[str, str]:
    variable = f"{PREFIX}{name.upper()}_FILE"
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not a text"
        complaints.append(f"{variable}: {path} cannot be read ({why}). Correct the path or the rights.")
        return {}
    if not secret:
        complaints.append(f"{variable}: {path} is empty. Put the secret into it.")
        return {}
    return {name: secret}


def _misspelt(variables: Mapping[str, str]) -> list[str]:
    """A name with a slip would be passed over without a word, and `live` would run as a demo."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    known += [f"{PREFIX}{name.upper()}_FILE" for name in SECRETS]
    strange = sorted(name for name in variables if name.startswith(PREFIX) and name not in known)
    close = {name: get_close_matches(name, known, n=1, cutoff=0.9) for name in strange}
    return [f"{name} is no setting. Did you mean {meant[0]}?" for name, meant in close.items() if meant]


def _complaint(name: str, given: str | None) -> str:
    shown = f" ({given!r})" if given is not None and name not in SECRETS else ""
    return f"{PREFIX}{name.upper()}{shown} {_MUST_BE[name]}."
