"""Hot lists: what is in force is whole, is what its receipt says, and carries only what the policy allows.

What a failure means: a stolen plate that no read can match; a car stopped for a reason that the policy does not know; an
immigration list in force (SB 54); entries of a list that was refused or replaced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import Connection, func, or_, select

from alpr_assets.policy import Policy
from alpr_assets.quality.frames import PLATE, SHA256, Fold, folded, load
from alpr_assets.quality.quiet import great_expectations
from alpr_assets.store import schema

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

IMMIGRATION = "immigration_violator"
"""The list type of NCIC's file N."""


def hotlists_frame(connection: Connection, *, fold: Fold) -> tuple[pd.DataFrame, int]:
    """Entries in force with their imports, a row an entry; a list in force without any entry is a row without one.

    Expected are as many as the receipts of the imports in force count.
    """
    frame = load(connection, _statement())
    receipts = [receipt or {} for receipt in frame["receipt"]]
    frame = frame.assign(
        fold_of_plate=folded(frame["plate"], fold),
        n_accounted=pd.Series([_accounted(receipt) for receipt in receipts], dtype="float64"),
        n_receipted=pd.Series([receipt.get("n_entries") for receipt in receipts], dtype="float64"),
        n_in_force=frame.groupby("list_id")["entry_id"].transform("count"),
    ).drop(columns="receipt")
    hotlist, current = schema.hotlist.c, schema.hotlist_import.c
    counted = (
        select(func.coalesce(func.sum(current.n_entries), 0))
        .select_from(schema.hotlist)
        .join(schema.hotlist_import, current.import_id == hotlist.current_import_id)
    )
    return frame, connection.execute(counted).scalar_one()


def suite_hotlists(policy: Policy) -> ExpectationSuite:
    """What must be true of `hotlists_frame`, with the purposes of the policy."""
    ge = great_expectations()
    e = ge.expectations
    expectations = [*_about_the_entry(e, policy), *_about_the_import(e)]
    return ge.ExpectationSuite(name="hotlists", expectations=expectations)


def _about_the_entry(e: Any, policy: Policy) -> list[Any]:
    allowed = [purpose.code for purpose in policy.purposes if purpose.code not in policy.refused_purposes]
    refused = [] if policy.hotlists.import_immigration else [IMMIGRATION]
    return [
        e.ExpectColumnValuesToNotBeNull(column="entry_id", description="each list in force has an entry"),
        e.ExpectColumnValuesToMatchRegex(
            column="plate", regex=PLATE, description="the plate is 1–16 of A–Z and 0–9: a read can match it"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="plate_folded", column_B="fold_of_plate", description="look-alikes of the plate find it"
        ),
        e.ExpectColumnValuesToMatchRegex(
            column="state", regex=r"\A(?:[A-Z]{2})?\Z", description="the state is two letters, or unknown"
        ),
        e.ExpectColumnValuesToBeInSet(
            column="category", value_set=allowed, description="it is listed for a purpose of the policy (422.3)"
        ),
        e.ExpectColumnValuesToNotBeInSet(
            column="list_type", value_set=refused, description="no immigration list is in force (SB 54)"
        ),
        e.ExpectColumnValuesToMatchRegex(
            column="digest", regex=SHA256, description="the entry is named by what its line says"
        ),
        e.ExpectCompoundColumnsToBeUnique(
            column_list=["list_id", "digest"], ignore_row_if="any_value_is_missing",
            description="no line is in force twice",
        ),
    ]  # fmt: skip


def _about_the_import(e: Any) -> list[Any]:
    return [
        e.ExpectColumnValuesToNotBeNull(column="current_import_id", description="the list has a version in force"),
        e.ExpectColumnValuesToBeInSet(
            column="current_accepted", value_set=[True], description="the version in force was accepted"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="current_list_id", column_B="list_id", ignore_row_if="either_value_is_missing",
            description="the version in force is of this list",
        ),
        e.ExpectColumnValuesToBeInSet(
            column="from_accepted", value_set=[True], description="the entry came with an accepted file"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="from_list_id", column_B="list_id", ignore_row_if="either_value_is_missing",
            description="the entry came with a file of this list",
        ),
        e.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="current_import_id", column_B="from_import_id", or_equal=True,
            ignore_row_if="either_value_is_missing",
            description="the entry came with the version in force, or an earlier one",
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_lines", column_B="n_accounted",
            description="each line of the file is an entry, quarantined or counted as left out",
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_entries", column_B="n_receipted", description="the receipt counts the entries of the import"
        ),
        e.ExpectColumnPairValuesToBeEqual(
            column_A="n_in_force", column_B="n_entries", ignore_row_if="either_value_is_missing",
            description="as many entries are in force as the import brought",
        ),
    ]  # fmt: skip


def _statement() -> Any:
    hotlist, entry = schema.hotlist.c, schema.hotlist_entry.c
    current, brought = schema.hotlist_import.alias("in_force"), schema.hotlist_import.alias("brought")
    return (
        select(
            hotlist.list_id, hotlist.current_import_id, entry.entry_id, entry.plate, entry.plate_folded, entry.state,
            entry.list_type, entry.category, entry.digest, entry.from_import_id,
            current.c.list_id.label("current_list_id"), current.c.accepted.label("current_accepted"),
            current.c.n_lines, current.c.n_entries, current.c.receipt,
            brought.c.list_id.label("from_list_id"), brought.c.accepted.label("from_accepted"),
        )
        .select_from(schema.hotlist)
        .outerjoin(schema.hotlist_entry, (entry.list_id == hotlist.list_id) & entry.to_import_id.is_(None))
        .outerjoin(current, current.c.import_id == hotlist.current_import_id)
        .outerjoin(brought, brought.c.import_id == entry.from_import_id)
        # A list whose files were all refused has neither: nothing of it is in force.
        .where(or_(hotlist.current_import_id.is_not(None), entry.entry_id.is_not(None)))
    )  # fmt: skip


def _accounted(receipt: dict[str, Any]) -> int | None:
    """Lines that a receipt accounts for; None where it does not say."""
    try:
        n: int = receipt["n_entries"] + receipt["n_quarantined"] + sum(receipt["skipped"].values())
    except (KeyError, TypeError):
        return None
    return n
