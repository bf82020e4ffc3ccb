"""The console's client: what notebooks and commands ask through, over the data API only.

Here: the connection, signing in, asking, following the record's heads. Not here: the database, which no client opens.
"""

from alpr_assets.client.asking import Client, Picture
from alpr_assets.client.connection import Served, Why
from alpr_assets.client.heads import HeadBook
from alpr_assets.client.keeping import ExportedFile

__all__ = ["Client", "ExportedFile", "HeadBook", "Picture", "Served", "Why"]
