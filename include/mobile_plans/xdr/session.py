"""Files checked one after the other, each held against those before it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp

import fsspec

from include.mobile_plans.errors import NotFound
from include.mobile_plans.xdr.checking import MANIFEST_ENDING, examine
from include.mobile_plans.xdr.contract import FEEDS, parse_file_name
from include.mobile_plans.xdr.ids import EarlierFiles, IdLog
from include.mobile_plans.xdr.model import AcceptedFile, Expectations, FeedFileName, FileReport

ENDINGS = (".csv.gz", ".parquet", MANIFEST_ENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """An accepted file and the ids of its records."""

    accepted: AcceptedFile
    ids: IdLog | None


def feed_files(paths: Iterable[str]) -> list[str]:
    """
    List the files to check in their order: those named, and all data files of folders named.

    A manifest beside its data file belongs to it; one alone states an empty period.

    Raises:
        NotFound: A path is neither, or a folder holds nothing to check.
    """
    found: list[str] = []
    for path in paths:
        files, place = fsspec.core.url_to_fs(path)
        if not files.isdir(place):
            found.append(path)
            continue
        names = {one.rpartition("/")[2] for one in files.ls(place, detail=False)}
        inside = [name for name in names if name.endswith(ENDINGS) and not _is_beside(name, names)]
        if not inside:
            msg = f"{path}: holds no file of a feed: {', '.join(ENDINGS)}"
            raise NotFound(msg)
        found += [f"{path.rstrip('/')}/{name}" for name in inside]
    return sorted(found, key=_order)


def _is_beside(name: str, names: set[str]) -> bool:
    stem = name.removesuffix(MANIFEST_ENDING)
    return stem != name and any(f"{stem}{ending}" in names for ending in ENDINGS[:2])


def _name_of(path: str) -> FeedFileName | None:
    file = path.rpartition("/")[2]
    if file.endswith(MANIFEST_ENDING):
        file = f"{file.removesuffix(MANIFEST_ENDING)}.csv.gz"
    return parse_file_name(file)


def _order(path: str) -> tuple[object, ...]:
    name = _name_of(path)
    if name is None:
        return (1, path)
    return (0, name.mobile_operator, name.feed, name.environment, name.period_start, name.revision)


def check_files(
    paths: Iterable[str],
    expectations: Callable[[FeedFileName | None], Expectations],
    folder: Path,
    quarantine: Callable[[str], str | None] = lambda _: None,
) -> Iterator[FileReport]:
    """
    Check files in order, each against those of its feed accepted before it.

    Args:
        paths: As ``feed_files`` lists them.
        expectations: What a file is held against besides the files before it.
        folder: An empty one for the ids of records; removed by the caller.
        quarantine: Where a file's rows set aside are written, by its path.

    Raises:
        NotFound: A file is not there.
    """
    kept: list[_Kept] = []
    refused: list[FeedFileName] = []
    for path in paths:
        name, known = _name_of(path), expectations(_name_of(path))
        earlier = [] if name is None else [one for one in kept if _same(one.accepted.name, name)]
        accepted = (*known.accepted, *(one.accepted for one in earlier))
        seen = EarlierFiles(
            [one.ids for one in earlier if name and one.ids and _counts(one, name, known)]
        )
        examined = examine(
            path,
            replace(
                known,
                accepted=accepted,
                refused=tuple(one for one in refused if name and _same(one, name)),
            ),
            Path(mkdtemp(dir=folder)),
            seen=seen,
            quarantine=quarantine(path),
        )
        report = examined.report
        if report.name is not None and not report.accepted:
            refused.append(report.name)
        elif report.name is not None and not report.is_copy:
            kept = [one for one in kept if not _replaces(report.name, one.accepted.name)]
            kept.append(_Kept(accepted=accepted_file(report), ids=examined.ids))
        yield report


def accepted_file(report: FileReport) -> AcceptedFile:
    """
    Return what later files are held against.

    Raises:
        NotFound: Its name is not right, so it has no place among them.
    """
    if report.name is None:
        msg = f"{report.file} has no place in a sequence"
        raise NotFound(msg)
    return AcceptedFile(
        name=report.name,
        sha256=report.sha256,
        rows=report.rows,
        unpacked_bytes=report.unpacked_bytes,
    )


def _same(one: FeedFileName, other: FeedFileName) -> bool:
    parts = ("feed", "mobile_operator", "environment")
    return all(getattr(one, part) == getattr(other, part) for part in parts)


def _replaces(newer: FeedFileName, older: FeedFileName) -> bool:
    return _same(newer, older) and newer.sequence == older.sequence


def _counts(kept: _Kept, name: FeedFileName, known: Expectations) -> bool:
    """Tell whether a record of that file may not come again in this one."""
    if FEEDS[name.feed].is_snapshot or kept.accepted.name.sequence == name.sequence:
        return False
    age = name.period_start - kept.accepted.name.period_start
    return age <= known.policy.gap_filling
