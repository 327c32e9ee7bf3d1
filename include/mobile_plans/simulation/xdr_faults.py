"""
Faults for made-up feeds: each breaks exactly one rule of the checks.

A fault of rows is in a handful of them, a fault of a file in the file as a whole. Where one thing
wrong would make another wrong too, such as damage and the hash in the manifest, the manifest is
written for the file as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant
from include.mobile_plans.simulation.xdr_files import Draft, Injected, as_text, control_totals
from include.mobile_plans.xdr import FEEDS
from include.mobile_plans.xdr.model import ControlTotals

if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS_PER_FAULT = 3
_QUIET = (4, 16)
"""Places within twenty rows at which no session comes in parts."""

Places = list[int]
RowFault = Callable[[Draft, Places], None]
FileFault = Callable[[Draft], None]


def inject(draft: Draft, wanted: Iterable[str], random: np.random.Generator) -> list[Injected]:
    """
    Put faults into a draft, each into rows of its own.

    Raises:
        BadInput: An unknown fault, one that does not fit the file, or too few rows.
    """
    wanted = list(wanted)
    free = [row for row in range(draft.rows) if _QUIET[0] <= row % 20 < _QUIET[1]]
    random.shuffle(free)
    injected: list[Injected] = []
    for fault in sorted(wanted, key=lambda one: one in FILE_FAULTS):
        require_fitting(fault, draft)
        if fault in FILE_FAULTS:
            FILE_FAULTS[fault](draft)
            injected.append(Injected(file=draft.name.name, check=fault))
            continue
        places = _take(free, fault, draft)
        ROW_FAULTS[fault](draft, places)
        rows = tuple(place + 1 for place in places)
        injected.append(Injected(file=draft.name.name, check=fault, rows=rows))
    return [replace(one, file=draft.name.name) for one in injected]


def require_fitting(fault: str, draft: Draft) -> None:
    """
    Refuse a fault that is unknown or cannot be in such a file.

    Raises:
        BadInput: It is.
    """
    allowed = fitting_faults(draft)
    if fault not in allowed:
        msg = (
            f"fault {fault!r} does not fit a {draft.name.format} file of {draft.name.feed}"
            f"{'' if draft.terms.manifest else ' without a manifest'}: "
            f"allowed are {', '.join(allowed)}"
        )
        raise BadInput(msg)


def fitting_faults(draft: Draft) -> list[str]:
    """Name the faults that can be put into such a file."""
    unfit = set()
    if draft.name.feed != "CDR":
        unfit |= {"F08"} if draft.name.feed == "SDR" else set()
        unfit |= (set(ROW_FAULTS) - {"R01", "R02", "R03"}) | _OF_CALLS
    if draft.name.format == "parquet":
        unfit |= {"R00", "F05", "F05_bom"}
    if not draft.terms.manifest:
        unfit |= _OF_MANIFESTS
    if draft.terms.time_zone != "UTC":
        unfit |= {"R06", "R07", "R08", "R08_old", "R09"}
    return sorted({*ROW_FAULTS, *FILE_FAULTS} - unfit)


def _take(free: Places, fault: str, draft: Draft) -> Places:
    """Take free rows that fit a fault."""
    fits = _FITS.get(fault)
    fitting = free if fits is None else [place for place in free if fits(draft, place)]
    places = fitting[:ROWS_PER_FAULT]
    if not places:
        msg = f"fault {fault} finds no row left in {draft.name.name}: ask for more rows"
        raise BadInput(msg)
    for place in places:
        free.remove(place)
    return sorted(places)


def _put(draft: Draft, column: str, places: Places, values: "Sequence[str | None]") -> None:
    mask = np.zeros(draft.rows, np.bool_)
    mask[places] = True
    ordered = [value for _, value in sorted(zip(places, values, strict=True))]
    replacement = pa.array(ordered, pa.string())
    draft.columns[column] = pc.replace_with_mask(draft.columns[column], pa.array(mask), replacement)


def _value(draft: Draft, column: str, place: int) -> str:
    return draft.columns[column][place].as_py() or ""


def _change(column: str, change: Callable[[str], str | None]) -> RowFault:
    def apply(draft: Draft, places: Places) -> None:
        _put(draft, column, places, [change(_value(draft, column, place)) for place in places])

    return apply


def _shift(draft: Draft, places: Places, to_seconds: int) -> None:
    """Move uses so that they end so many seconds after the period began, an hour long or none."""
    end = draft.name.period_start + timedelta(seconds=to_seconds)
    for place in places:
        length = timedelta(seconds=int(_value(draft, "duration_s", place)))
        _put(draft, "event_end", [place], [format_instant(end)])
        _put(draft, "event_start", [place], [format_instant(end - length)])


def _beyond(draft: Draft, places: Places) -> None:
    seconds = (draft.created_at - draft.name.period_start).total_seconds()
    _shift(draft, places, int(seconds) + 3_600)


def _copy_id(draft: Draft, places: Places) -> None:
    """The rows two before them are never chosen twice: they keep their ids."""
    ids = [_value(draft, "record_id", 0)] * len(places)
    _put(draft, "record_id", places, ids)


def _copy_use(draft: Draft, places: Places) -> None:
    for column in ("iccid", "imsi", "service_type", "event_start", "event_end", "duration_s"):
        _put(draft, column, places, [draft.columns[column][0].as_py()] * len(places))
    for column in ("bytes_up", "bytes_down"):
        _put(draft, column, places, [_value(draft, column, 0)] * len(places))


def _wrong_digit(iccid: str) -> str:
    return f"{iccid[:-1]}{(int(iccid[-1]) + 1) % 10}"


def _short(draft: Draft, places: Places) -> None:
    draft.short_lines = (*draft.short_lines, *(place + 1 for place in places))


def _is_data(draft: Draft, place: int) -> bool:
    return _value(draft, "service_type", place) == "DATA"


def _is_paid(draft: Draft, place: int) -> bool:
    return bool(_value(draft, "charge_amount", place))


_FITS: Mapping[str, Callable[[Draft, int], bool]] = {
    "R02": lambda draft, place: bool(_value(draft, "iccid", place)),
    "R03": lambda draft, place: bool(_value(draft, "iccid", place)),
    "R05": _is_data,
    "R05_bytes": lambda draft, place: not _is_data(draft, place),
    "R10": _is_paid,
}

ROW_FAULTS: Mapping[str, RowFault] = {
    "R00": _short,
    "R01": _change("plan_id", lambda _: None),
    "R02": _change("iccid", _wrong_digit),
    # Valid by its form, of an issuer no example has.
    "R03": _change("iccid", lambda _: "8931089318104284409"),
    "R04": _change("rat", lambda _: "5G"),
    "R05": _change("bytes_up", lambda _: "3000000000000"),
    "R05_bytes": _change("bytes_up", lambda _: "12"),
    "R06": _change("event_end", lambda text: text.removesuffix("Z")),
    "R06_duration": _change("duration_s", lambda text: str(int(text) + 100)),
    "R07": _beyond,
    "R08": lambda draft, places: _shift(draft, places, -4 * 86_400),
    "R08_old": lambda draft, places: _shift(draft, places, -40 * 86_400),
    "R10": _change("currency", lambda _: None),
    "R11": _change("imsi", lambda _: "999"),
    "S01": _copy_id,
    "S01_twin": _copy_use,
}


def _state(key: str, change: Callable[[Draft], object]) -> FileFault:
    def apply(draft: Draft) -> None:
        draft.manifest[key] = change(draft)

    return apply


def _wrong_totals(draft: Draft) -> ControlTotals:
    feed, totals = FEEDS[draft.name.feed], control_totals(draft)
    if feed.totals:
        name = feed.totals[0]
        return replace(totals, integers={**totals.integers, name: totals.integers[name] + 1})
    wrong = {key: {**value, "CHF": Decimal("0.000001")} for key, value in totals.money.items()}
    return replace(totals, money=wrong)


def _bad_name(draft: Draft) -> None:
    draft.name = replace(draft.name, name=draft.name.name.replace("_PT1H", "").replace("_P1D", ""))


def _truncate(draft: Draft) -> None:
    draft.damage = "truncated"


def _latin(draft: Draft) -> None:
    draft.prefix = b"\xe9"


def _mark(draft: Draft) -> None:
    draft.prefix = b"\xef\xbb\xbf"


def _drop_column(draft: Draft) -> None:
    del draft.columns["plan_id"]


def _add_column(draft: Draft) -> None:
    draft.columns["remark"] = pa.array(["-"] * draft.rows)


def _reorder(draft: Draft) -> None:
    name = next(iter(draft.columns))
    draft.columns[name] = draft.columns.pop(name)


def _no_manifest(draft: Draft) -> None:
    draft.has_manifest = False


def _no_rows(draft: Draft) -> None:
    draft.columns = {name: column.slice(0, 0) for name, column in draft.columns.items()}


def _jump(draft: Draft) -> None:
    numbers = draft.columns["record_seq"].cast(pa.int64()).to_numpy().copy()
    numbers[draft.rows // 2 :] += 5
    draft.columns["record_seq"] = pa.array(numbers).cast(pa.string())


def _lost_part(draft: Draft) -> None:
    _put(draft, "partial_seq", [1], ["4"])


def _local_time(draft: Draft) -> None:
    for column in ("event_start", "event_end"):
        times = draft.columns[column].cast(pa.timestamp("s", tz="UTC"))
        moved = pc.subtract(times, pa.scalar(timedelta(hours=3, minutes=30), pa.duration("s")))
        draft.columns[column] = as_text(moved, draft.terms)


FILE_FAULTS: Mapping[str, FileFault] = {
    "F01": _bad_name,
    "F02": _no_manifest,
    "F03": _state("sha256", lambda _: "0" * 64),
    "F04": _truncate,
    "F05": _latin,
    "F05_bom": _mark,
    "F06": _drop_column,
    "F06_extra": _add_column,
    "F06_order": _reorder,
    "F07": _state("records", lambda draft: draft.rows + 1),
    "F08": _state("control_totals", _wrong_totals),
    "F09": _state("sequence", lambda draft: draft.name.sequence + 7),
    "F10": _state("period_end", lambda draft: draft.name.period_end + timedelta(minutes=1)),
    "F12": _no_rows,
    "F13": _state("lost_records", lambda _: 12),
    "F14": _state("close_reason", lambda _: "storage_full"),
    "F15": _state("cutoff_at", lambda draft: draft.created_at + timedelta(minutes=1)),
    "R09": _local_time,
    "S02": _jump,
    "S03": _lost_part,
}
_OF_MANIFESTS = {"F02", "F03", "F07", "F08", "F09", "F10", "F12", "F13", "F14", "F15"}
_OF_CALLS = {"R09", "S02", "S03"}
