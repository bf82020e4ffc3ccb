"""The department's policy file: every figure, purpose, title, training and retention class.

`policy/422.yaml` is a sample, marked unadopted; ALPR_POLICY names the department's own. Unknown keys are refused, so that a
mistyped figure cannot fall back to a default unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatch
from functools import cache
from pathlib import Path, PurePath
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from alpr_assets.document import Document, InForce, Section, Transparency
from alpr_assets.errors import ConfigurationError
from alpr_assets.settings import settings

Source = Literal["department", "state", "federal"]
DATED = re.compile(r"(?<=\w)[-_. ]*\d{4}[-_\d]*$")
LIST_NAME = 64  # characters, as stored
LOADER: Final = getattr(
    yaml, "CSafeLoader", yaml.SafeLoader
)  # the same language; libyaml's reads it in a tenth of the time


class Identity(Section):
    """Whose policy this is. `adopted` is None for a sample; `time_zone` is what people see."""

    number: str = Field(max_length=16)
    title: str
    agency: str
    ori: str
    state: str = Field(min_length=2, max_length=2)
    time_zone: str
    version: str = Field(max_length=16)
    adopted: date | None

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError) as error:  # not found; a folder of zones; a path
            raise ValueError(f"{value!r} is not a time zone: use an IANA name") from error
        return value


class Purpose(Section):
    code: str
    title: str


class JobTitle(Section):
    """A job title and its role (422.3.1(a)). collects: it operates readers; contractors: independent contractors may hold it."""

    title: str
    role: str
    collects: bool = False
    contractors: bool = False


class Training(Section):
    """reminder_days : before it ends, the member and the coordinator are told"""

    course: str
    valid_months: int = Field(gt=0)
    reminder_days: int = Field(default=30, ge=0)
    record_kept_years: int = Field(gt=0)


class RetentionClass(Section):
    """How long one class of data is kept (Gov. Code 34090, 34090.6).

    attorney_reference : of the city attorney's opinion on file; from_capture: count from capture alone, only where that says so
    """

    minimum_years: int = Field(ge=1)
    maximum_years: int = Field(ge=1)
    authority: str
    attorney_reference: str = ""
    from_capture: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> RetentionClass:
        if self.maximum_years <= self.minimum_years:
            raise ValueError("maximum_years is above minimum_years: between them there is time to destroy")
        if self.from_capture and not self.attorney_reference:
            raise ValueError("from_capture: only where an attorney's opinion on file says so: give attorney_reference")
        return self


RETAINED: Final = (
    "reads", "images", "hits", "drops", "raw_payloads", "quarantine", "hotlist_files", "hotlist_entries", "watches", "holds", "case_files",
    "notebook_outputs", "downloads", "releases", "accountability", "access_record",
)  # fmt: skip
"""Classes that the schedule must name: nothing is kept without an end."""


class ReceivedLimit(Section):
    """Conditions under which another gives data: gone after so many days.

    source : its code, as entries and reads carry it; classes: of RETAINED
    """

    source: str
    classes: tuple[str, ...] = Field(min_length=1)
    days: int = Field(ge=1)
    authority: str
    reference: str = ""


class Area(Section):
    """Degrees, WGS 84."""

    south: float = Field(ge=-90, le=90)
    north: float = Field(ge=-90, le=90)
    west: float = Field(ge=-180, le=180)
    east: float = Field(ge=-180, le=180)

    def contains(self, lat: float, lon: float) -> bool:
        return self.south <= lat <= self.north and self.west <= lon <= self.east


class Holds(Section):
    """What may not be destroyed (422.5).

    review_days : the longest that a hold stands without somebody looking whether it is needed
    escalate_days : a review that is overdue for longer is told higher up
    second_approver_captures : a lift that frees more takes two people
    """

    review_days: int = Field(gt=0)
    escalate_days: int = Field(ge=0)
    second_approver_captures: int = Field(ge=0)


class Purge(Section):
    """Destroying what is due (Gov. Code 34090.6).

    stale_days : a plan that was not begun by then is made anew
    backup_days : the longest that the department keeps a backup of data or of keys
    clock_jump_hours : a clock that went on further than this between two heads of the access record is looked at by the custodian
    reference_years : a resolution or consent that is older is not acted on; None: they end by themselves only
    """

    stale_days: int = Field(gt=0)
    backup_days: int = Field(gt=0)
    clock_jump_hours: int = Field(gt=0)
    reference_years: int | None = Field(ge=1)


class Breach(Section):
    """When who is told of a breach (Civ. Code 1798.29, 1798.82).

    notice_days : from its discovery to the individuals' notice, calendar days
    attorney_general_days : from that to the sample for the Attorney General
    attorney_general_above : where more individuals than these are told
    """

    notice_days: int = Field(default=30, gt=0)
    attorney_general_days: int = Field(default=15, gt=0)
    attorney_general_above: int = Field(default=500, ge=0)


class Releases(Section):
    """Data for other agencies (422.7).

    refused_words : a request whose wording has one of these is refused, besides refused_purposes; a word stands for those that begin so
    exigent_hours : an exigent request is completed in writing within these
    records_days : a request for the records process is answered within these (Gov. Code 7922.535)
    fulfil_days : an approval that was not used by then is none
    keep_days : after which a recipient has destroyed what he got
    """

    refused_words: tuple[str, ...] = ("immigra", "deportation", "abortion", "reproductive", "gender affirming")
    exigent_hours: int = Field(default=72, gt=0)
    records_days: int = Field(default=10, gt=0)
    fulfil_days: int = Field(default=30, gt=0)
    keep_days: int = Field(default=365, gt=0)


class Pipeline(Section):
    attempts: int = Field(ge=1)


class Captures(Section):
    owner: str
    future_tolerance_minutes: int = Field(ge=0)
    oldest: date
    area: Area
    max_image_megabytes: int = Field(gt=0)
    settle_seconds: float = Field(ge=0)
    remove_landed_files: bool

    @property
    def future_tolerance(self) -> timedelta:
        return timedelta(minutes=self.future_tolerance_minutes)

    @property
    def oldest_at(self) -> datetime:
        """UTC midnight of `oldest`."""
        return datetime.combine(self.oldest, datetime.min.time(), UTC)


class Recognition(Section):
    pass_seconds: float = Field(gt=0)
    sure_confidence: float = Field(ge=0.5, lt=1)


class ListSource(Section):
    """How a file's name tells the list it carries and whose it is. `{stem}` in `name` is the file's own.

    answered : each entry says who answers for it (owner, case number, reason, last day, approver), or is quarantined; unless
        given, the department's own lists do
    """

    pattern: str
    name: str
    source: Source
    category: str | None = None
    answered: bool

    @model_validator(mode="before")
    @classmethod
    def _own_lists_are_answered(cls, value: Any) -> Any:
        return {"answered": value.get("source") == "department", **value} if isinstance(value, dict) else value

    @field_validator("name")
    @classmethod
    def _only_the_stem(cls, value: str) -> str:
        try:
            value.format(stem="")
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError("{stem} is the only field that it can have") from error
        return value


class HotLists(Section):
    owner: str
    settle_seconds: float = Field(ge=0)
    max_age_hours: float = Field(gt=0)
    max_shrink: float = Field(gt=0, lt=1)
    max_quarantined: float = Field(ge=0, lt=1)
    import_immigration: bool
    rematch_days: int = Field(ge=0)
    sources: tuple[ListSource, ...]

    def source_of(self, file_name: str) -> ListSource:
        """The first rule whose pattern fits, with its list name filled in; a date at the end of `{stem}` is left out.

        Else each day's file would be another list, and yesterday's would stay in force.

        Raises ConfigurationError when none does (a list without a source has no entitlement), or the name is too long for one.
        """
        stem = DATED.sub("", PurePath(file_name.lower()).stem)
        for rule in self.sources:
            if fnmatch(file_name.lower(), rule.pattern):
                name = rule.name.format(stem=stem)
                if len(name) > LIST_NAME:
                    raise ConfigurationError(
                        f"the hot-list file {file_name} gives a list name of {len(name)} characters, {LIST_NAME} at most",
                        remedy="give the file a shorter name, or its pattern in the policy file a fixed one",
                    )
                return rule.model_copy(update={"name": name})
        raise ConfigurationError(
            f"no source in the policy for the hot-list file {file_name}",
            remedy="add a pattern under hotlists.sources of the policy file",
        )


class Matching(Section):
    edit1_min_length: int = Field(ge=3)
    region_confidence: float = Field(ge=0, le=1)


class Hits(Section):
    """From a raised hit to a lawful action.

    actionable_minutes : a confirmed hit is acted on within these, from the CLETS result
    unverified_hours : a hit that nobody verified for longer is reported
    tolerant_per_hour : alerts by matches of one character off; further ones are only listed
    """

    actionable_minutes: int = Field(gt=0)
    unverified_hours: float = Field(gt=0)
    tolerant_per_hour: int = Field(ge=0)


class Watches(Section):
    """Plates and partial plates that members look for (422.4(c)).

    least_known : a partial plate that says less than so many known characters would match too many
    max_days : the longest that a decision lets one run
    approve_within_hours : it runs at once, and stops after these unless a supervisor approved it
    """

    least_known: float = Field(ge=1)
    max_days: int = Field(gt=0)
    approve_within_hours: float = Field(gt=0)


class Alerts(Section):
    """Alerts to systems outside the console.

    attempts : after so many an alert is a dead letter, which a person may send again
    timeout_seconds : how long one attempt may take, from the connection to the answer
    first_wait_seconds : before the second attempt; doubled with each
    longest_wait_seconds : between two attempts, whatever the receiver asks for
    parallel : destinations that are served at once, so that one which hangs delays no other
    dead_letter_days : how long a dead letter can be sent again
    inside : hosts of the department whose private addresses may be connected to; all others must have public ones
    """

    attempts: int = Field(ge=1)
    timeout_seconds: float = Field(gt=0, le=60)
    first_wait_seconds: float = Field(gt=0)
    longest_wait_seconds: float = Field(gt=0)
    parallel: int = Field(ge=1, le=64)
    dead_letter_days: int = Field(ge=1)
    inside: tuple[str, ...]

    @field_validator("inside")
    @classmethod
    def _hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            # A pattern or a range of addresses would let in what nobody meant.
            if not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
                raise ValueError(f"{host!r} is not the name or address of one host")
        return tuple(host.lower() for host in value)


class Search(Section):
    """Figures of the searches that weigh, compare and count.

    max_kmh : a plate that would have had to go faster between two places is cloned or misread
    clock_tolerance_seconds : by which two devices' clocks may differ
    max_radius_m, max_hours : the widest circle and the longest window of one canvassed place
    lookback_weeks : before and after an incident, what a vehicle's habit is taken from
    seen_when_present : share of the vehicles passing through a canvassed place that a reader there sees
    alike_share : of wrong characters, how many are look-alikes of the right one
    lost_character : share of reads that lack a plate's first or last character
    companion_m, companion_seconds : how close together two vehicles pass to count as travelling together
    occasion_minutes : passes closer together than this are one occasion: one trip, not two coincidences
    small_cell : a count from 1 up to below this is not shown in what is exported
    locate_purposes : what a vehicle's habits may be located for
    """

    max_kmh: float = Field(gt=0)
    clock_tolerance_seconds: float = Field(ge=0)
    max_radius_m: float = Field(gt=0, le=100_000)
    max_hours: float = Field(gt=0)
    lookback_weeks: int = Field(ge=1)
    seen_when_present: float = Field(gt=0, lt=1)
    alike_share: float = Field(ge=0, le=1)
    lost_character: float = Field(ge=0, lt=0.5)
    companion_m: float = Field(gt=0, le=2_000)
    companion_seconds: float = Field(gt=0, le=600)
    occasion_minutes: float = Field(gt=0)
    small_cell: int = Field(ge=2)
    locate_purposes: tuple[str, ...] = Field(min_length=1)


class Access(Section):
    """Sign-in, sessions and what may be taken out.

    notice : shown and acknowledged at each sign-in
    inactive_notice_days : before an unused account is suspended, those who could are told
    review_months : each account is confirmed by another once in these
    designee_notice_days : before nobody holds the designee's office, those who could are told
    provisional_hours : a provisional incident number is good for so long, unless it was reconciled before
    handover_hours : a question handed to a colleague is his for so long
    case_number : regular expression of the department's case, incident and administrative numbers
    export_max_rows : above this a supervisor approves first
    """

    notice: str
    idle_minutes: int = Field(gt=0)
    session_hours: int = Field(gt=0)
    token_minutes: int = Field(gt=0)
    failures: int = Field(gt=0)
    failure_minutes: int = Field(gt=0)
    password_length: int = Field(ge=8)
    one_time_hours: int = Field(gt=0)
    inactive_days: int = Field(gt=0)
    inactive_notice_days: int = Field(default=14, ge=0)
    review_months: int = Field(default=12, gt=0)
    designee_notice_days: int = Field(default=30, ge=0)
    provisional_hours: int = Field(gt=0)
    handover_hours: int = Field(gt=0)
    case_number: str
    export_max_rows: int = Field(gt=0)
    approval_hours: int = Field(gt=0)
    export_days: int = Field(gt=0)

    @field_validator("case_number")
    @classmethod
    def _a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value


class Record(Section):
    """The access record: how long its query elements can be opened, how often heads go to witnesses.

    witness_emails : addresses outside the administrator's reach that are sent heads; folders are a setting
    """

    elements_years: int = Field(ge=1)
    head_minutes: int = Field(gt=0)
    witness_emails: tuple[str, ...]

    @field_validator("witness_emails")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
                raise ValueError(f"{address!r} is not a mail address")
        return value


class Shift(Section):
    """When a job title works, in the department's hours; `to_hour` before `from_hour` goes over midnight."""

    title: str
    from_hour: int = Field(ge=0, le=23)
    to_hour: int = Field(ge=0, le=24)


SIGNALS: Final = (
    "own_plate", "refused_wording", "repeated_plate", "one_case_many_plates", "vague_reason", "older_than_case", "reused_reason",
    "volume", "off_shift",
)  # fmt: skip
"""Signals of misuse, as the weights name them."""


class Audits(Section):
    """How the use of the system is looked at (422.6(c)); each figure is explained in the sample file.

    weights : of each of SIGNALS, in the order of what is looked at; 0 leaves one out
    """

    frequency_days: int = Field(gt=0)
    n_random: int = Field(ge=0)
    n_risk: int = Field(ge=0)
    finding_days: int = Field(gt=0)
    review_days: int = Field(gt=0)
    review_page: int = Field(gt=0)
    lookback_days: int = Field(ge=7)
    repeated_plate: int = Field(ge=2)
    repeated_plate_days: int = Field(ge=1)
    one_case_plates: int = Field(ge=2)
    vague_words: tuple[str, ...]
    vague_reasons: int = Field(ge=1)
    reused_reason: int = Field(ge=2)
    volume_z: float = Field(gt=0)
    volume_peers: int = Field(ge=3)
    case_age_days: int = Field(gt=0)
    off_shift: int = Field(ge=1)
    usual_hours: int = Field(ge=1)
    shifts: tuple[Shift, ...]
    refused_wording: tuple[str, ...]
    weights: dict[str, float]

    @field_validator("weights")
    @classmethod
    def _of_every_signal(cls, value: dict[str, float]) -> dict[str, float]:
        if wrong := set(value) ^ set(SIGNALS):
            raise ValueError(f"missing or unknown: {', '.join(sorted(wrong))}")
        if any(weight < 0 for weight in value.values()):
            raise ValueError("a weight is 0 or more")
        return value


class Policy(Section):
    """The whole file. text: as it was read, what is put on record and posted; empty: it was made without one."""

    policy: Identity
    in_force: InForce = InForce()
    document: Document = Document()
    purposes: tuple[Purpose, ...] = Field(min_length=1)
    refused_purposes: tuple[str, ...]
    titles: tuple[JobTitle, ...] = Field(min_length=1)
    training: Training
    retention: dict[str, RetentionClass]
    received: tuple[ReceivedLimit, ...] = ()
    holds: Holds
    purge: Purge
    breach: Breach = Breach()
    releases: Releases = Releases()
    pipeline: Pipeline
    captures: Captures
    recognition: Recognition
    hotlists: HotLists
    matching: Matching
    hits: Hits
    watches: Watches
    search: Search
    alerts: Alerts
    access: Access
    record: Record
    audits: Audits
    transparency: Transparency = Transparency()
    _text: str = PrivateAttr("")

    @model_validator(mode="after")
    def _locating_is_for_known_purposes(self) -> Policy:
        if unknown := set(self.search.locate_purposes) - {purpose.code for purpose in self.purposes}:
            raise ValueError(f"search.locate_purposes: {', '.join(sorted(unknown))}: no such purpose")
        return self

    @model_validator(mode="after")
    def _everything_has_an_end(self) -> Policy:
        known, needed = set(self.retention), set(RETAINED)
        if known != needed:
            wrong = ", ".join(sorted(known ^ needed))
            raise ValueError(f"retention names each class of data once; missing or unknown: {wrong}")
        if unknown := {kind for limit in self.received for kind in limit.classes} - needed:
            raise ValueError(f"received: {', '.join(sorted(unknown))}: no such class of data")
        return self

    @model_validator(mode="after")
    def _what_is_covert_is_known(self) -> Policy:
        given = self.transparency.covert if "covert" in self.transparency.model_fields_set else ()
        if unknown := set(given) - {purpose.code for purpose in self.purposes}:
            raise ValueError(f"transparency.covert: {', '.join(sorted(unknown))}: no such purpose")
        return self

    @property
    def text(self) -> str:
        return self._text

    @property
    def sha256(self) -> str:
        """Of the file, byte for byte: what anyone can compute from the posted text."""
        return hashlib.sha256(self._text.encode()).hexdigest()

    @property
    def digest(self) -> str:
        """SHA-256 of what the file says, comments and layout apart: two files with one digest are one policy."""
        return _digest(self._text)

    @property
    def zone(self) -> ZoneInfo:
        """The department's time zone: what people see, never what is stored."""
        return ZoneInfo(self.policy.time_zone)


def load(path: Path) -> Policy:
    """Read and validate one policy file.

    Raises ConfigurationError naming the file and every key that is wrong.
    """
    try:
        return parsed(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"policy file {path}: {error.strerror}", remedy="set ALPR_POLICY to the department's policy file"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"policy file {path} is not YAML: {_yaml_trouble(error)}", remedy="compare with policy/422.yaml"
        ) from error
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"policy file {path}: {wrong}", remedy="compare with policy/422.yaml") from error


def parsed(text: str) -> Policy:
    """A policy from a file's text. Raises yaml.YAMLError, pydantic.ValidationError: to be named by who knows the file."""
    made = Policy.model_validate(_said(text))
    made._text = text  # noqa: SLF001 - our own: no key of the file
    return made


def _said(text: str) -> Any:
    return yaml.load(text, LOADER)  # noqa: S506 - either is a safe one


@cache
def _digest(text: str) -> str:
    said = json.dumps(_said(text), sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def _yaml_trouble(error: Exception) -> str:
    """Where and why, in one line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return " ".join(str(error).split())


@cache
def policy() -> Policy:
    """Policy of this process, read once."""
    return load(settings().path("policy"))
