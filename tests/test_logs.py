"""The log holds codes and places: never a text, a token, or the message of an error."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from bot.logs import CAPPED, LEFT_OUT, configure_logs
from bot.rules.study import Level

TOKEN = "123456789:AbCdEfGhIjKlMnOpQrStUvWxYz012345678"
HER_WORDS = ("鼻血止不住", "my nose bleeds and I feel faint", "王芳 13800000000")
HOUSE = Path(__file__).parent.parent
# What a line may carry beside its sentence. A chat, a name, a phone or a text is none of these.
KNOWN = {
    "action", "attempt", "bot", "case", "count", "error", "key", "mode", "name", "row", "seconds",
    "site", "staff", "study", "subject", "until", "update", "version",
}  # fmt: skip


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; the logging of the test run is put back afterwards."""
    root, handlers, levels = logging.getLogger(), logging.getLogger().handlers[:], {}
    before = structlog.get_config()
    for name in ("", *CAPPED):
        levels[name] = logging.getLogger(name).level
    root.handlers = []
    yield io.StringIO()
    root.handlers = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    logging.raiseExceptions = True
    structlog.configure(**before)


def raised(text: str) -> Exception:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


def test_a_line_says_what_happened_to_which_subject_in_which_action(stream: io.StringIO) -> None:
    configure_logs("INFO", stream=stream)
    structlog.get_logger("x").info("a result was recorded", subject="TJ-001", action="record_lab", row=7)
    line = stream.getvalue()
    assert 'level=info event="a result was recorded" action=record_lab subject=TJ-001 row=7' in line


def test_as_json_each_line_is_one_object(stream: io.StringIO) -> None:
    configure_logs("INFO", as_json=True, stream=stream)
    structlog.get_logger("x").warning("a case rang", subject="TJ-001", level_of_case=Level.URGENT)
    logging.getLogger("aiohttp").warning("closed")
    ours, theirs = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (ours["subject"], ours["level_of_case"]) == ("TJ-001", "URGENT")
    assert (theirs["logger"], theirs["event"]) == ("aiohttp", "closed")


@pytest.mark.parametrize("text", HER_WORDS)
def test_what_a_person_said_never_stands_in_a_line(stream: io.StringIO, text: str) -> None:
    configure_logs("DEBUG", stream=stream)
    log = structlog.get_logger("x")
    log.warning("an update failed", update=7, text=text, error=raised(text), values={"said": text})
    try:
        raise raised(text)
    except ValueError:
        log.exception("an update failed", update=8)
    for name in (*CAPPED, "asyncio", "somebody.else"):
        library = logging.getLogger(name)
        library.debug("got %s", text)
        library.info("got %s", text)
        library.error("got %s", text, exc_info=raised(text))
        library.error("Task exception was never retrieved\nfuture: " + text)
    assert text not in stream.getvalue()
    assert "error=ValueError at=tests/test_logs.py:" in stream.getvalue()


def test_an_error_names_what_caused_it(stream: io.StringIO) -> None:
    configure_logs("INFO", stream=stream)
    try:
        raise RuntimeError("outer") from raised("inner")
    except RuntimeError:
        structlog.get_logger("x").exception("it failed")
    assert (
        'error="RuntimeError<ValueError"' in stream.getvalue()
        or "RuntimeError<ValueError" in stream.getvalue()
    )


@pytest.mark.parametrize(
    "secret",
    [TOKEN, f"https://api.telegram.org/bot{TOKEN}/getMe", "postgresql+asyncpg://suifang:hunter2@db/x"],
)
def test_no_secret_stands_in_a_line(stream: io.StringIO, secret: str) -> None:
    configure_logs("DEBUG", stream=stream)
    log = structlog.get_logger("x")
    log.error("the way out failed", url=secret)
    log.error(f"could not reach {secret}")  # noqa: G004 - the slip that is tested
    for name in (*CAPPED, "somebody.else"):
        logging.getLogger(name).error("HTTP Request: %s", secret)
        logging.getLogger(name).error(f"HTTP Request: {secret}")  # noqa: G004 - some do
    said = stream.getvalue()
    assert TOKEN not in said
    assert "hunter2" not in said
    assert "a line was left out: it held a secret" in said
    assert LEFT_OUT in said


async def test_a_real_request_with_the_token_in_its_address_leaves_no_trace(stream: io.StringIO) -> None:
    configure_logs("DEBUG", stream=stream)
    answered = httpx.MockTransport(lambda request: httpx.Response(200, json={"ok": True}))
    async with httpx.AsyncClient(transport=answered) as client:
        await client.get(f"https://api.telegram.org/bot{TOKEN}/getMe")
    assert stream.getvalue() == ""


def test_a_library_line_that_cannot_be_formatted_is_not_printed_raw(
    stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("INFO", stream=stream)
    logging.getLogger("telegram").error("%s %s", HER_WORDS[1])
    assert HER_WORDS[1] not in stream.getvalue() + "".join(capfd.readouterr())


def test_every_line_in_the_code_is_a_fixed_sentence_with_known_keys() -> None:
    faults = [fault for path in house_files() for fault in faults_of(path)]
    assert not faults, "\n".join(faults)


def house_files() -> Iterator[Path]:
    for root in ("bot", "handlers", "storage"):
        yield from (HOUSE / root).rglob("*.py")


def faults_of(path: Path) -> Iterator[str]:
    place = path.relative_to(HOUSE).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if not isinstance(node.func.value, ast.Name) or node.func.value.id not in ("_log", "log", "_logger"):
            continue
        said = node.args[0] if node.args else None
        if not isinstance(said, ast.Constant) or not isinstance(said.value, str):
            yield f"{place}:{node.lineno}: the sentence of a log line must be fixed"
        strange = {keyword.arg or "**" for keyword in node.keywords} - KNOWN
        if strange:
            yield f"{place}:{node.lineno}: {', '.join(sorted(strange))} is no known key of a log line"
