"""How often two vehicles that know nothing of each other would meet, and how unlikely it is that they met so often.

Here: the expectation and its p-value. Not here: finding who met (`probing`).

Two people who drive to work at eight o'clock past one reader meet every week; that is what chance means here. Each pass of the other
vehicle is held against the habits of the given one: how often does it pass that place at the same time of the week, in other
weeks? With W other weeks, H half a window, as narrow as the counts allow, s the seconds within which two vehicles meet:

    λ = 2 s · (c · a + n / 2H) / (c + W)

n   passes of the given vehicle within reach of that place, at the same time of the week ± H, more than half a week away
a   its passes in the neighbourhood at any time, and half a one, per second: what c = PRIOR_WEEKS weeks of ignorance weigh

A reader that moves sees parked vehicles when it comes by, both or neither: cars that stand in one street are no company. So before
such a reader, in a street where one saw the given vehicle too, a pass counts as a meeting by chance with at least the share of the
vehicle's other occasions in that street, before readers that move, on which the two met: (met + ½) / (all + 1).

Passes less than `occasion_minutes` apart are one occasion, one trip: two vehicles behind each other on one road meet before all its
readers at once. An occasion's λ is the sum over its passes. The number of occasions on which the two meet is then, if they know
nothing of each other, Poisson with mean Σ (1 − e^−λ), or less spread; the p-value is the probability of as many or more. It is
held against all plates of the dictionary (Benjamini and Hochberg 1995): with a million plates some meet any vehicle often.
"""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alpr_assets.search.convoy.probing import touched
from alpr_assets.search.distances import metres

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WEEK_S: Final = 604_800
HALF_WINDOWS_S: Final = (200.0, 500.0, 1_200.0)
"""The narrowest in which there is ENOUGH is taken: a punctual commuter's rate would be smeared over a wider one."""
ENOUGH: Final = 5
PRIOR_WEEKS: Final = 2.0
STREET_DEG: Final = 0.002  # about 200 m: around a place
_ROW: Final = 1_000_000
_TAIL: Final = 400  # terms of a Poisson tail: above the mean each is smaller than the one before


def occasions(keys: Ints, at_us: Ints, minutes: float) -> Ints:
    """(n,) numbers of occasions, from 0: times of one key less than so many minutes apart follow one another.

    Sorted by key and time.
    """
    fresh = np.ones(len(keys), np.bool_)
    fresh[1:] = (keys[1:] != keys[:-1]) | (np.diff(at_us) >= minutes * 60e6)
    return np.cumsum(fresh) - 1


def expected(given: pd.DataFrame, others: pd.DataFrame, *, reach_m: float, seconds: float, zone: ZoneInfo) -> Floats:
    """(k,) occasions on which each other vehicle is expected to meet the given one by chance.

    Parameters
    ----------
    given : DataFrame (n, ≥ 3), its passes: at_us, latitude_deg, longitude_deg
    others : DataFrame (m, ≥ 7), theirs: key (0 … k − 1), occasion (see `occasions`), moving (the reader moves, or may), met (close to
        a pass of the given one), and the same
    """
    occasion = others["occasion"].to_numpy(np.int64)
    rates = np.bincount(
        occasion, weights=np.maximum(_rates(given, others, reach_m, seconds, zone), _beside_each_other(given, others))
    )
    first = np.unique(occasion, return_index=True)[1]
    met = np.bincount(others["key"].to_numpy(np.int64)[first], weights=-np.expm1(-rates))
    return met.astype(np.float64)


def _rates(given: pd.DataFrame, others: pd.DataFrame, reach_m: float, seconds: float, zone: ZoneInfo) -> Floats:
    """(m,) λ of each pass."""
    at, their_at = given["at_us"].to_numpy(np.int64), others["at_us"].to_numpy(np.int64)
    weeks = max((at.max() - at.min()) / 1e6 / WEEK_S, 1.0)
    lat, lon = (given[name].to_numpy(np.float64) for name in ("latitude_deg", "longitude_deg"))
    their_lat, their_lon = (others[name].to_numpy(np.float64) for name in ("latitude_deg", "longitude_deg"))
    known, code = np.unique(touched(lat, lon, 0.0)[1], return_inverse=True)
    number, cell = touched(their_lat, their_lon, reach_m)
    there = np.minimum(np.searchsorted(known, cell), len(known) - 1)
    held = known[there] == cell
    number, there = number[held], there[held]
    around = np.bincount(number, weights=np.bincount(code)[there], minlength=len(others))
    when, their_when = time_of_week(at, zone), time_of_week(their_at, zone)
    mine, other = _same_time(code, when, there, their_when[number])
    mine, other = mine % len(at), number[other]
    off = np.abs((when[mine] - their_when[other] + WEEK_S / 2) % WEEK_S - WEEK_S / 2)
    away = metres(lat[mine], lon[mine], their_lat[other], their_lon[other])
    apart = np.abs(at[mine] - their_at[other]) / 1e6
    there_then = (away <= reach_m) & (apart > WEEK_S / 2)
    same = _density(other[there_then], off[there_then], len(others))
    ever = (around + 0.5) / (weeks * WEEK_S)
    rates: Floats = 2 * seconds * (PRIOR_WEEKS * ever + same) / (PRIOR_WEEKS + max(weeks - 1, 0))
    return rates


def _density(row: Ints, off_s: Floats, n_rows: int) -> Floats:
    """(n_rows,) passes per second around each row, n / 2H, from pairs: the row, and by how much the time of the week differs."""
    density = np.zeros(n_rows)
    for half, enough in zip(HALF_WINDOWS_S, (*[ENOUGH] * (len(HALF_WINDOWS_S) - 1), 0), strict=True):
        n = np.bincount(row[off_s <= half], minlength=n_rows)
        fresh = (density == 0) & (n >= enough)
        density[fresh] = n[fresh] / (2 * half)
    return density


def _beside_each_other(given: pd.DataFrame, others: pd.DataFrame) -> Floats:
    """(m,) −ln(1 − p) of each pass before a moving reader, p the share of other occasions there on which the two met; else 0."""
    street, own = _street(others), np.unique(_street(given[given["moving"]]))
    around = np.add.outer(own, [row * _ROW + column for row in (-1, 0, 1) for column in (-1, 0, 1)]).ravel()
    moving = np.flatnonzero(others["moving"].to_numpy(np.bool_) & np.isin(street, around))
    passes = others.iloc[moving][["key", "occasion", "met"]].assign(street=street[moving])
    met = passes.groupby(["key", "street", "occasion"], as_index=False)["met"].max()
    totals = met.groupby(["key", "street"])["met"].agg(["size", "sum"]).reset_index()
    counted = (
        passes.drop(columns="met").merge(totals, on=["key", "street"]).merge(met, on=["key", "street", "occasion"])
    )
    share = ((counted["sum"] - counted["met"] + 0.5) / counted["size"]).to_numpy(np.float64)
    rates = np.zeros(len(others))
    rates[moving] = -np.log1p(-np.minimum(share, 0.999))
    return rates


def _street(passes: pd.DataFrame) -> Ints:
    """(n,) numbers of squares of STREET_DEG."""
    row, column = (
        np.floor(passes[name].to_numpy(np.float64) / STREET_DEG).astype(np.int64)
        for name in ("latitude_deg", "longitude_deg")
    )
    return row * _ROW + column


def _same_time(code: Ints, when: Floats, there: Ints, centre: Floats) -> tuple[Ints, Ints]:
    """Pairs of the given vehicle's passes (of one cell's code, at a time of the week) and others' (there, then), modulo their number."""
    # Three weeks beside each other: a window over Sunday midnight lies in one piece.
    key = np.concatenate([code * 4 * WEEK_S + when + shift * WEEK_S for shift in (0, 1, 2)])
    order = np.argsort(key, kind="stable")
    wanted = there * 4 * WEEK_S + centre + WEEK_S
    low = np.searchsorted(key[order], wanted - HALF_WINDOWS_S[-1], side="left")
    n = np.searchsorted(key[order], wanted + HALF_WINDOWS_S[-1], side="right") - low
    step = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    return order[step + np.repeat(low, n)], np.repeat(np.arange(len(n)), n)


def time_of_week(at_us: Ints, zone: ZoneInfo) -> Floats:
    """(n,) seconds since Monday 0 o'clock by the department's clocks."""
    local = pd.DatetimeIndex(at_us.astype("datetime64[us]"), tz="UTC").tz_convert(zone).tz_localize(None)
    seconds = local.to_numpy().astype("datetime64[us]").astype(np.int64) / 1e6
    week: Floats = (seconds + 3 * 86_400) % WEEK_S  # 1970 began on a Thursday
    return week


def at_least(n: NDArray[np.integer[Any]], mean: Floats) -> Floats:
    """(k,) the probability of n or more of a Poisson number with this mean, exact far into the tail."""
    if not len(n):
        return np.zeros(0)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n.max() + _TAIL + 1)))])
    tail = np.empty(len(n))
    for number, (count, expectation) in enumerate(zip(n.tolist(), mean.tolist(), strict=True)):
        terms = np.arange(count, count + _TAIL) if count > expectation else np.arange(count)
        part = np.exp(terms * np.log(max(expectation, 1e-300)) - expectation - logs[terms]).sum()
        tail[number] = part if count > expectation else 1 - part
    return np.clip(tail, 0, 1)


def false_discovery(p: Floats, n_tests: int) -> Floats:
    """(k,) q-values of Benjamini and Hochberg: of the vehicles with at most this q, the share that is chance, at most.

    n_tests : all that were tested, those with p = 1 that are not listed included
    """
    order = np.argsort(p, kind="stable")
    ranks = np.arange(1, len(p) + 1)
    steps = p[order] * max(n_tests, len(p)) / ranks
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    return q
