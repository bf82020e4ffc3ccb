"""The data API: what notebooks, the command line and other programs ask the console, described in OpenAPI.

Here: routes, their models, the shapes that answers and errors have. Not here: the session of a request (the console's
middleware), any decision (the gate), any search.
"""

from alpr_assets.console.api.app import create_api

__all__ = ["create_api"]
