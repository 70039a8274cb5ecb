"""The export: one file to take along, made at the moment it is asked for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.actions.export_dataset import as_csv_files, as_zip, cut_for_staff, file_stem, sites_to_export
from bot.rules.study import SiteCode
from handlers.console.pages import console_of, page, visitor_in


async def offer(request: Request) -> Response:
    """Which sites may be exported, and what the file holds."""
    sites = await sites_to_export(console_of(request).desk, by=visitor_in(request).staff.code)
    return page(request, "export.html", sites=sites)


async def download(request: Request) -> Response:
    """The files in one archive."""
    site = str((await request.form()).get("site", ""))
    made = await cut_for_staff(
        console_of(request).desk, by=visitor_in(request).staff.code, site=SiteCode(site) if site else None
    )
    packed = as_zip(as_csv_files(made), made.cut_at)
    name = f"{file_stem(made)}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(packed, media_type="application/zip", headers=headers)
