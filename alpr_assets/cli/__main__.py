"""`python -m alpr_assets.cli`: the `alpr` command for who has an interpreter and no path to scripts."""

from __future__ import annotations

from alpr_assets.cli import main

if __name__ == "__main__":
    main(prog_name="alpr")
