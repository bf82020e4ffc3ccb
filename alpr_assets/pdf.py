"""PDF from a page of HTML, by WeasyPrint: what the page shows comes from memory, and nothing from anywhere else."""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from PIL import ImageFile

from alpr_assets.errors import ConfigurationError

BASE: Final = "memory:/"


def printed(
    html: str, *, identifier: bytes, pictures: Mapping[str, bytes] | None = None, accessible: bool = False
) -> bytes:
    """The page on paper; its dates are the page's own, so that the same page gives the same bytes.

    Parameters
    ----------
    identifier : of the file
    pictures : by the address that the page gives them, PNG or JPEG; every other address shows nothing
    accessible : PDF/UA-1 (ISO 14289): read aloud, searched and printed as it stands

    Raises ConfigurationError: see `_weasyprint`
    """
    weasyprint, known = _weasyprint(), pictures or {}
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415 - see `_weasyprint`

    class FromMemory(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002
            name = url.removeprefix(BASE)
            if name not in known:
                raise ValueError(f"not part of the page: {url}")
            kind = "image/png" if known[name].startswith(b"\x89PNG") else "image/jpeg"
            return URLFetcherResponse(url, io.BytesIO(known[name]), {"Content-Type": kind}, 200)

    page = weasyprint.HTML(string=html, base_url=BASE, url_fetcher=FromMemory())
    more = {"pdf_variant": "pdf/ua-1"} if accessible else {}
    made: bytes = page.write_pdf(pdf_identifier=identifier, **more)
    return made


def _weasyprint() -> ModuleType:
    """It takes 0.4 s to import, and lets Pillow accept pictures that are cut short, in all of the process: that is undone.

    Raises ConfigurationError: Debian's libpango is missing.
    """
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    try:
        import weasyprint  # noqa: PLC0415
    except OSError as error:
        raise ConfigurationError(
            "no PDF can be made here: the library Pango is missing",
            remedy="apt install libpango-1.0-0 libpangoft2-1.0-0",
        ) from error
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
    found: ModuleType = weasyprint
    return found
