"""What a destination is to be, and whether it can be that. Not here: who decides on it (`destinations`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from alpr_assets.access.mail import checked_address
from alpr_assets.access.people import Source
from alpr_assets.errors import MalformedError
from alpr_assets.lifecycle.alerts.addresses import checked_url
from alpr_assets.policy import Policy

SOURCES: Final = (Source.DEPARTMENT, Source.STATE, Source.FEDERAL)
"""Of whose hits a destination may be told: restricted files' go nowhere, since a delivery would be dissemination (CJIS 4.2.2)."""
MAX_NAME: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a destination is to be.

    sources : of whose hits it is told, by `people.Source` value
    categories : by the policy's codes of purposes
    tolerant : of hits whose plate is not the listed one, shown as possible, too
    """

    name: str
    kind: str
    address: str
    sources: frozenset[str]
    categories: frozenset[str]
    tolerant: bool = False


def checked(wanted: Wanted, policy: Policy) -> dict[str, Any]:
    """The values to keep. Raises MalformedError."""
    name = " ".join(wanted.name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise MalformedError("name", f"the name is empty or longer than {MAX_NAME} characters")
    address = wanted.address.strip()
    if wanted.kind == "webhook":
        checked_url(address)
    elif wanted.kind == "email":
        checked_address(address)
    else:
        raise MalformedError("kind", "a destination is a webhook or an e-mail address")
    if not wanted.sources or not wanted.sources <= {source.value for source in SOURCES}:
        raise MalformedError("sources", "no such source", remedy=f"one or more of {', '.join(SOURCES)}")
    if not wanted.categories or not wanted.categories <= {purpose.code for purpose in policy.purposes}:
        raise MalformedError("categories", "no such category", remedy="one or more of the policy's purposes")
    return {
        "name": name, "kind": wanted.kind, "address": address, "sources": sorted(wanted.sources),
        "categories": sorted(wanted.categories), "tolerant": wanted.tolerant,
    }  # fmt: skip


def told_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the record keeps: of an address all but its query, which may be a password; and a digest that tells it from others."""
    digest = hashlib.sha256(values["address"].encode()).hexdigest()
    return {**values, "address": values["address"].partition("?")[0], "address_sha256": digest}
