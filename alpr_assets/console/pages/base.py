"""The layer beneath maps, in tiles: the department's own streets. It says nothing about vehicles or people, so no tile is recorded.

Here: handing out what was imported. Not here: importing (`places`).
"""

from __future__ import annotations

from typing import Final

from anyio.to_thread import run_sync
from starlette.responses import Response
from starlette.routing import Route

from alpr_assets.console.pages.asking import Asked, page
from alpr_assets.places import streets

KEPT: Final = "private, max-age=3600"


@page
async def tile(asked: Asked) -> Response:
    """Gzipped JSON, see `streets.tile`; 204: nothing is there, with X-Base none where nothing was imported at all."""
    row, column = asked.request.path_params["row"], asked.request.path_params["column"]
    body = await run_sync(
        streets.tile, asked.services.settings.path("data"), row - streets.OFFSET, column - streets.OFFSET
    )
    if not body:
        return Response(
            status_code=204, headers={"Cache-Control": KEPT, **({"X-Base": "none"} if body is None else {})}
        )
    return Response(body, media_type="application/json", headers={"Content-Encoding": "gzip", "Cache-Control": KEPT})


ROUTES: Final = [Route("/map/base/{row:int}/{column:int}", tile)]
