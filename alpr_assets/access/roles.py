"""Roles and what each may do.

Here: the roles, the actions, which role has which, and which actions need training, a purpose and a case number.
Not here: which job title has which role (the policy file), who holds one (`members`), asking (`gate`).
Nothing is allowed that is not named here. The administrator of the software sees no vehicle data, and who reads data does
not decide who may: duties are separated (CJIS Security Policy AC-5).
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a member is to the system; job titles map to these in the policy file (422.3.1(a))."""

    OFFICER = "officer"
    DISPATCHER = "dispatcher"
    ANALYST = "analyst"
    SUPERVISOR = "supervisor"
    COMMANDER = "commander"
    CUSTODIAN = "custodian"
    ATTORNEY = "attorney"
    TRAINING_COORDINATOR = "training_coordinator"
    ENGINEER = "engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """One kind of act; the access record names it."""

    # data about vehicles: training, purpose, case number
    PLATE_HISTORY = "plate_history"
    PARTIAL_PLATE = "partial_plate"
    CANVASS = "canvass"
    CO_TRAVEL = "co_travel"
    LOCATE = "locate"
    COUNT_READS = "count_reads"
    OPEN_IMAGE = "open_image"
    TRACE_READ = "trace_read"
    VIEW_HITS = "view_hits"
    VERIFY_HIT = "verify_hit"
    CORRECT_READ = "correct_read"
    PLACE_WATCH = "place_watch"
    APPROVE_WATCH = "approve_watch"
    PLACE_HOLD = "place_hold"
    LIFT_HOLD = "lift_hold"
    PACK_EVIDENCE = "pack_evidence"
    BOOK_EVIDENCE = "book_evidence"
    HAND_OVER = "hand_over"
    PLAN_PURGE = "plan_purge"
    APPROVE_PURGE = "approve_purge"
    ENTER_RELEASE = "enter_release"
    REVIEW_RELEASE = "review_release"
    FULFIL_RELEASE = "fulfil_release"
    EXPORT = "export"
    # the record and the pipeline: training
    READ_RECORD = "read_record"
    PLAN_AUDIT = "plan_audit"
    APPROVE_AUDIT = "approve_audit"
    CONDUCT_AUDIT = "conduct_audit"
    VIEW_PIPELINE = "view_pipeline"
    OPERATE_PIPELINE = "operate_pipeline"
    # administration
    WAIVE_BOOKING = "waive_booking"
    VIEW_RELEASES = "view_releases"
    ORDER_RELEASE = "order_release"
    CLOSE_RELEASE = "close_release"
    KEEP_AGENCIES = "keep_agencies"
    VERIFY_RECORD = "verify_record"
    APPROVE_EXPORT = "approve_export"
    PROPOSE_MEMBER = "propose_member"
    APPROVE_MEMBER = "approve_member"
    SUSPEND_MEMBER = "suspend_member"
    SEPARATE_MEMBER = "separate_member"
    REVIEW_ACCOUNT = "review_account"
    GRANT_SOURCES = "grant_sources"
    RECORD_TRAINING = "record_training"
    SET_DESIGNEE = "set_designee"
    PUT_POLICY_IN_FORCE = "put_policy_in_force"
    UNLOCK_MEMBER = "unlock_member"
    REVOKE_SESSION = "revoke_session"
    REPORT_BREACH = "report_breach"
    DECIDE_BREACH = "decide_breach"
    PROPOSE_DESTINATION = "propose_destination"
    APPROVE_DESTINATION = "approve_destination"
    LIST_OWN_PLATES = "list_own_plates"


DATA: Final = frozenset(
    {
        Action.PLATE_HISTORY, Action.PARTIAL_PLATE, Action.CANVASS, Action.CO_TRAVEL, Action.LOCATE, Action.COUNT_READS,
        Action.OPEN_IMAGE, Action.VIEW_HITS, Action.VERIFY_HIT, Action.CORRECT_READ, Action.PLACE_WATCH, Action.APPROVE_WATCH,
        Action.EXPORT, Action.PLACE_HOLD, Action.LIFT_HOLD, Action.PACK_EVIDENCE, Action.BOOK_EVIDENCE, Action.HAND_OVER, Action.TRACE_READ, Action.PLAN_PURGE, Action.APPROVE_PURGE,
        Action.ENTER_RELEASE, Action.REVIEW_RELEASE, Action.FULFIL_RELEASE,
    }
)  # fmt: skip
"""Actions that return or change data about vehicles: each states a purpose and a case number (422.4(a))."""

QUESTIONS: Final = frozenset(
    {
        Action.PLATE_HISTORY, Action.PARTIAL_PLATE, Action.CANVASS, Action.CO_TRAVEL, Action.LOCATE, Action.COUNT_READS,
        Action.OPEN_IMAGE, Action.VIEW_HITS, Action.EXPORT, Action.TRACE_READ,
    }
)  # fmt: skip
"""Actions that only ask: what a program's token is for unless it is made for more. Deciding is a person's."""

TRAINED: Final = DATA | {
    Action.READ_RECORD, Action.PLAN_AUDIT, Action.APPROVE_AUDIT, Action.CONDUCT_AUDIT, Action.VIEW_PIPELINE, Action.OPERATE_PIPELINE,
}  # fmt: skip
"""Actions that nobody does without current training (422.4(d))."""

_LOOKS: Final = frozenset(
    {
        Action.PLATE_HISTORY, Action.PARTIAL_PLATE, Action.CANVASS, Action.OPEN_IMAGE, Action.VIEW_HITS,
        Action.VERIFY_HIT, Action.CORRECT_READ, Action.PLACE_WATCH, Action.PLACE_HOLD, Action.BOOK_EVIDENCE, Action.HAND_OVER,
        Action.ENTER_RELEASE, Action.VIEW_RELEASES,
    }
)  # fmt: skip
_ANALYSES: Final = frozenset({Action.CO_TRAVEL, Action.LOCATE, Action.COUNT_READS, Action.EXPORT, Action.PACK_EVIDENCE})
_COMMANDS: Final = frozenset({Action.REVIEW_RELEASE, Action.FULFIL_RELEASE, Action.KEEP_AGENCIES})
_LEADS: Final = frozenset(
    {
        Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER, Action.SUSPEND_MEMBER, Action.SEPARATE_MEMBER,
        Action.GRANT_SOURCES, Action.APPROVE_EXPORT, Action.APPROVE_WATCH, Action.REVOKE_SESSION, Action.LIFT_HOLD, Action.PACK_EVIDENCE, Action.REVIEW_ACCOUNT,
    }
)  # fmt: skip

MAY: Final = MappingProxyType(
    {
        Role.OFFICER: _LOOKS,
        Role.DISPATCHER: _LOOKS,
        Role.ANALYST: _LOOKS | _ANALYSES | {Action.TRACE_READ},
        Role.SUPERVISOR: _LOOKS | _LEADS | {Action.EXPORT, Action.PROPOSE_DESTINATION, Action.TRACE_READ, Action.REVIEW_RELEASE},
        Role.COMMANDER: _LOOKS | _LEADS | _COMMANDS | {Action.EXPORT, Action.VERIFY_RECORD, Action.APPROVE_DESTINATION, Action.APPROVE_PURGE, Action.PLAN_AUDIT, Action.APPROVE_AUDIT, Action.LIST_OWN_PLATES, Action.TRACE_READ, Action.REPORT_BREACH, Action.DECIDE_BREACH, Action.PUT_POLICY_IN_FORCE},
        Role.CUSTODIAN: _LOOKS - {Action.VERIFY_HIT, Action.PLACE_WATCH}
        | {Action.COUNT_READS, Action.EXPORT, Action.PACK_EVIDENCE, Action.WAIVE_BOOKING, Action.SET_DESIGNEE, Action.VERIFY_RECORD, Action.LIFT_HOLD, Action.PLAN_PURGE, Action.APPROVE_PURGE, Action.APPROVE_AUDIT, Action.TRACE_READ}
        | {Action.ORDER_RELEASE, Action.FULFIL_RELEASE, Action.CLOSE_RELEASE, Action.KEEP_AGENCIES},
        Role.ATTORNEY: frozenset({Action.VERIFY_RECORD, Action.WAIVE_BOOKING, Action.APPROVE_AUDIT, Action.DECIDE_BREACH, Action.VIEW_RELEASES, Action.ORDER_RELEASE}),
        Role.TRAINING_COORDINATOR: frozenset({Action.RECORD_TRAINING, Action.LIST_OWN_PLATES}),
        Role.ENGINEER: frozenset({Action.VIEW_PIPELINE, Action.OPERATE_PIPELINE}),
        Role.AUDITOR: frozenset(
            {Action.READ_RECORD, Action.PLAN_AUDIT, Action.CONDUCT_AUDIT, Action.VERIFY_RECORD, Action.VIEW_PIPELINE, Action.TRACE_READ, Action.VIEW_RELEASES}
        ),
        Role.ADMINISTRATOR: frozenset(
            {
                Action.PROPOSE_MEMBER, Action.APPROVE_MEMBER, Action.SUSPEND_MEMBER, Action.SEPARATE_MEMBER,
                Action.SET_DESIGNEE, Action.UNLOCK_MEMBER, Action.REVOKE_SESSION, Action.VERIFY_RECORD, Action.REVIEW_ACCOUNT,
                Action.REPORT_BREACH,
            }
        ),
    }
)  # fmt: skip
"""What each role may do. A test holds this table against the one in docs/security.md."""

PRIVILEGED: Final = frozenset(
    {
        Role.COMMANDER, Role.CUSTODIAN, Role.ATTORNEY, Role.TRAINING_COORDINATOR, Role.ENGINEER, Role.AUDITOR,
        Role.ADMINISTRATOR,
    }
)  # fmt: skip
"""Roles that decide over others' access, or reach past the pages: two people approve their holder."""


def may(role: Role, action: Action) -> bool:
    """Whether a role has an action."""
    return action in MAY[role]
