"""Open cases: what each is about, and the buttons that take, log and close it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.actions.acknowledge_case import acknowledge_case
from bot.actions.close_case import close_case
from bot.actions.log_contact import log_contact
from bot.actions.review_cases import review_case, review_open_cases
from bot.rules.access import AuthMethod
from bot.rules.case import CaseId, Outcome
from bot.rules.errors import NotEntitled, Refusal
from handlers.console.pages import console_of, page, visitor_in


async def open_cases(request: Request) -> Response:
    """Every open case of one's sites, most urgent first."""
    found = await review_open_cases(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "cases.html", found=found)


async def one_case(request: Request) -> Response:
    """One case with everything that can be done with it."""
    return await _shown(request, None)


async def take(request: Request) -> Response:
    """Takes the case: *I take this*."""
    case_id, by = _case_id(request), visitor_in(request).staff.code
    try:
        await acknowledge_case(console_of(request).desk, case_id=case_id, by=by, auth=AuthMethod.CONSOLE)
    except Refusal as refusal:
        return await _refused(request, refusal)
    return _back(case_id)


async def contact(request: Request) -> Response:
    """She was reached, or could not be, and what was learnt."""
    case_id, by = _case_id(request), visitor_in(request).staff.code
    form = await request.form()
    reached, learnt = form.get("reached") == "yes", str(form.get("learnt", "")).strip()
    try:
        await log_contact(
            console_of(request).desk,
            case_id=case_id,
            by=by,
            reached=reached,
            auth=AuthMethod.CONSOLE,
            learnt=learnt,
        )
    except Refusal as refusal:
        return await _refused(request, refusal)
    return _back(case_id)


async def close(request: Request) -> Response:
    """Ends it with an outcome; what was typed is kept when that is refused."""
    case_id, by = _case_id(request), visitor_in(request).staff.code
    form = await request.form()
    outcome, note = str(form.get("outcome", "")), str(form.get("note", ""))
    try:
        if outcome not in Outcome.__members__:
            raise Refusal("refusal.outcome_needed")
        await close_case(
            console_of(request).desk,
            case_id=case_id,
            by=by,
            outcome=Outcome(outcome),
            auth=AuthMethod.CONSOLE,
            note=note.strip(),
        )
    except Refusal as refusal:
        return await _refused(request, refusal, outcome=outcome, note=note)
    return _back(case_id)


async def _refused(request: Request, refusal: Refusal, *, outcome: str = "", note: str = "") -> Response:
    if isinstance(refusal, NotEntitled):
        raise refusal
    return await _shown(request, refusal, outcome=outcome, note=note)


async def _shown(request: Request, refusal: Refusal | None, *, outcome: str = "", note: str = "") -> Response:
    card = await review_case(
        console_of(request).desk, case_id=_case_id(request), by=visitor_in(request).staff.code
    )
    status = 409 if refusal else 200
    return page(request, "case.html", status=status, card=card, refusal=refusal, outcome=outcome, note=note)


def _case_id(request: Request) -> CaseId:
    return CaseId(request.path_params["case_id"])


def _back(case_id: CaseId) -> Response:
    return RedirectResponse(f"/cases/{case_id}", status_code=303)
