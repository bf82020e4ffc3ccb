"""Pages on paper: from memory only, and without what their making would loosen for the rest of the process."""

from __future__ import annotations

import subprocess
import sys

from alpr_assets import pdf
from tests.builders import jpeg

PAGE = '<html lang="en"><head><title>x</title></head><body><h1>x</h1><img src="a.jpg" alt="a">{more}</body></html>'


def test_a_page_shows_what_it_is_given_and_fetches_nothing(tmp_path):
    (tmp_path / "secret.png").write_bytes(jpeg(1))
    with_it = pdf.printed(PAGE.format(more=""), identifier=b"x", pictures={"a.jpg": jpeg(2)})
    without = pdf.printed(PAGE.format(more=""), identifier=b"x")
    assert with_it.startswith(b"%PDF")
    assert len(with_it) > len(without) + 1000
    elsewhere = "".join(
        f'<img alt="" src="{one}">' for one in (f"file://{tmp_path}/secret.png", "http://127.0.0.1:9/x.png")
    )
    assert len(pdf.printed(PAGE.format(more=elsewhere), identifier=b"x")) < len(without) + 1000
    assert with_it == pdf.printed(PAGE.format(more=""), identifier=b"x", pictures={"a.jpg": jpeg(2)})


def test_a_picture_that_is_cut_short_stays_a_broken_one():
    """WeasyPrint switches Pillow's tolerance on when it is imported: a process that prints would land broken pictures."""
    program = (
        "from PIL import ImageFile; from alpr_assets import pdf; "
        "pdf.printed('<html lang=en><title>x</title>x</html>', identifier=b'x'); assert not ImageFile.LOAD_TRUNCATED_IMAGES"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
