"""The export: one file to take along, made at the moment it is asked for."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.export_dataset import as_csv_files, as_zip, cut_for_staff, file_stem, sites_to_export
from bot.actions.write_workbook import as_workbook
from bot.rules.study import SiteCode
from handlers.console.pages import console_of, page, visitor_in

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


async def offer(request: Request) -> Response:
    """Which sites may be exported, and what the file holds."""
    sites = await sites_to_export(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "export.html", sites=sites)


async def download(request: Request) -> Response:
    """CSV files in one archive, or an Excel workbook."""
    form = await request.form()
    site = str(form.get("site", ""))
    made = await cut_for_staff(
        console_of(request).desk, by=visitor_in(request).staff.code, site=SiteCode(site) if site else None
    )
    if form.get("format") == "xlsx":
        return _attached(await asyncio.to_thread(as_workbook, made), f"{file_stem(made)}.xlsx", _XLSX)
    packed = await asyncio.to_thread(as_zip, as_csv_files(made), made.cut_at)
    return _attached(packed, f"{file_stem(made)}.zip", "application/zip")


def _attached(content: bytes, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
