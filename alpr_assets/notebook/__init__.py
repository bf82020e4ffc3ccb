"""What a notebook imports: sign in to the console, ask under a purpose and a case number, get frames with places.

    from alpr_assets.notebook import sign_in
    session = sign_in(purpose="stolen_vehicle", case_number="26-01234")
    session.plate_history("7ABC123")

Here: a session as analysts use it. Not here: the connection (`client`), any decision (the console's gate), any database: a
kernel opens none. Each call is one question, recorded by name, date, time, purpose and case number before it is answered
(422.4(a), 422.6(a)).
"""

from alpr_assets.client.areas import circle
from alpr_assets.client.incidents import Canvassed, CoTravel, Incident
from alpr_assets.client.keeping import ExportedFile, FrozenFile, Reproduced
from alpr_assets.client.located import Located
from alpr_assets.client.versions import Differences
from alpr_assets.notebook.session import Session, sign_in
from alpr_assets.notebook.signed_in import Time

__all__ = [
    "Canvassed", "CoTravel", "Differences", "ExportedFile", "FrozenFile", "Incident", "Located", "Reproduced", "Session",
    "Time", "circle", "sign_in",
]  # fmt: skip
