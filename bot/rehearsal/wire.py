"""How the stand-in reads requests and words its answers: JSON, forms and multipart, as Telegram takes them.

Source: core.telegram.org/bots/api, "Making requests"; tdlib/telegram-bot-api `Query.cpp`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class ApiError(Exception):
    """An error as the Bot API words it: `{"ok": false, "error_code": …, "description": …}`."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_json(self) -> Json:
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(description: str) -> ApiError:
    """400 in Telegram's form."""
    return ApiError(400, f"Bad Request: {description}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request: the method's name in lower case, its parameters as text, its files by part name."""

    method: str
    values: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.values.get(name, "")

    def integer(self, name: str, otherwise: int = 0) -> int:
        """As lenient as Telegram: what is no number counts as not given."""
        try:
            return int(self.values.get(name, ""))
        except ValueError:
            return otherwise

    def flag(self, name: str) -> bool:
        return self.values.get(name, "").lower() in ("true", "yes", "1")

    def json(self, name: str, problem: str) -> Any:
        """The decoded value, or None where it is missing.

        Raises:
            ApiError: 400 with `problem` when it is no JSON.
        """
        text = self.values.get(name, "")
        if not text:
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise bad_request(problem) from None


async def read_call(request: web.Request, method: str) -> Call:
    """The request's parameters from the query, the JSON body or the form, the body winning."""
    values = dict(request.query)
    files: dict[str, Upload] = {}
    if request.content_type == "application/json":
        values |= _from_json(await request.read())
    elif request.method == "POST":
        for name, part in (await request.post()).items():
            if isinstance(part, web.FileField):
                files[name] = Upload(part.filename, part.content_type, part.file.read())
            else:
                values[name] = part if isinstance(part, str) else bytes(part).decode()
    return Call(method.lower(), values, files)


def _from_json(body: bytes) -> dict[str, str]:
    if not body:
        return {}
    try:
        parameters = json.loads(body)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise bad_request("can't parse request body as JSON object")
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parameters.items()
        if value is not None
    }


def answer(result: object) -> web.Response:
    """What was asked for."""
    return web.json_response({"ok": True, "result": result})


def refusal(error: ApiError) -> web.Response:
    """Why not; the HTTP status repeats the error's code, as Telegram's does."""
    return web.json_response(error.as_json(), status=error.code)
