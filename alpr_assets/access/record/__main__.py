"""The recorder process: `python -m alpr_assets.access.record`. Says nothing; ends with what is asked of it done."""

from __future__ import annotations

import os
import signal
import sys
from threading import Event

from alpr_assets.access.record.serving import run_recorder
from alpr_assets.errors import AlprError
from alpr_assets.settings import settings


def main() -> None:
    os.umask(0o077)
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        run_recorder(settings(), ending)
    except AlprError as error:
        sys.exit(error.diagnostics())


if __name__ == "__main__":
    main()
