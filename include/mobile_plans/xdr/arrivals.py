"""
What lies in the folder of feeds, and what of it is there completely (X1).

``MOBILE_PLANS_XDR_DIR`` is a local folder or any URL of fsspec. Files lie in it or, better, in one
folder for each mobile operator, named by its slug: then the folder says whose they are, whatever
they are called, so that nobody can deliver in another's name.
Nothing is read while it is in flight: a data file waits for its manifest, which comes last.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import fsspec

from include.mobile_plans.errors import BadInput, MobilePlansError
from include.mobile_plans.monitoring import changed_at
from include.mobile_plans.policy.mobile_operators import XdrFeed
from include.mobile_plans.policy.xdr import XdrPolicy
from include.mobile_plans.xdr.contract import parse_file_name
from include.mobile_plans.xdr.model import FeedFileName

DIRECTORY_VARIABLE = "MOBILE_PLANS_XDR_DIR"
MANIFEST = ".manifest.json"
_ENDINGS = (".csv.gz", ".parquet")
_SETTLED = timedelta(seconds=5)
"""A file that was written to more recently may still be on its way, renamed or not."""

Terms = Callable[[str, str], XdrFeed | None]
"""What the record of a mobile operator says of a feed, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file in the folder: its place below it, size in bytes, when it was last written to."""

    place: str
    size: int
    changed_at: datetime

    @property
    def name(self) -> str:
        """Without folders."""
        return self.place.rpartition("/")[2]

    @property
    def stem(self) -> str:
        """Its place without its ending, which data and manifest share."""
        endings = (MANIFEST, *_ENDINGS)
        return next((self.place.removesuffix(e) for e in endings if self.place.endswith(e)), "")

    @property
    def stamp(self) -> str:
        """What tells this content from another at the same place, without reading it."""
        return f"{self.size}@{self.changed_at.timestamp():.6f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """
    What belongs together in the folder.

    Attributes:
        data: The data file; None for a manifest alone.
        manifest: The manifest, None where none came.
        name: The data file's name taken apart, where it is right; of a manifest alone, that of the
            file it would belong to.
        slug: Whose it is: as its folder says, else as its name does.
        is_ready: Whether it is there completely.
    """

    data: Listed | None
    manifest: Listed | None
    name: FeedFileName | None
    slug: str | None
    is_ready: bool

    @property
    def parts(self) -> tuple[Listed, ...]:
        """The files it consists of."""
        return tuple(part for part in (self.data, self.manifest) if part is not None)

    @property
    def place(self) -> str:
        """Where it lies: the data file, else the manifest."""
        return self.parts[0].place

    @property
    def stamp(self) -> str:
        """What tells this content from another at the same place."""
        return " ".join(part.stamp for part in self.parts)

    @property
    def received_at(self) -> datetime:
        """When its last part was written."""
        return max(part.changed_at for part in self.parts)


class FeedFolder:
    """
    The folder mobile operators deliver to.

    Args:
        url: A local path, or a URL such as ``sftp://host/feeds``.
    """

    def __init__(self, url: str) -> None:
        self.files, root = fsspec.core.url_to_fs(url)
        self.root = root.rstrip("/")

    @classmethod
    def from_environment(cls) -> "FeedFolder":
        """
        Return the folder named by ``MOBILE_PLANS_XDR_DIR``.

        Raises:
            BadInput: The variable is not set.
        """
        url = os.environ.get(DIRECTORY_VARIABLE)
        if not url:
            msg = f"{DIRECTORY_VARIABLE} is not set: name a folder, or a URL such as sftp://host/feeds"
            raise BadInput(msg)
        return cls(url)

    def listed(self, slug: str | None = None) -> list[Listed]:
        """
        List the files in it and in its folders, sorted by place; none where it does not exist yet.

        Args:
            slug: Look only at the top and at the folder of this mobile operator.

        Raises:
            MobilePlansError: The file system refuses it.
        """
        if slug is None:
            found = self._find(self.root, depth=2)
        else:
            found = self._find(self.root, depth=1) | self._find(self.path(slug), depth=1)
        return [
            Listed(
                place=path.removeprefix(self.root).lstrip("/"),
                size=int(info.get("size") or 0),
                changed_at=changed_at(info),
            )
            for path, info in sorted(found.items())
            if info.get("type") == "file" and not info.get("islink")
        ]

    def _find(self, folder: str, *, depth: int) -> dict[str, dict[str, Any]]:
        try:
            self.files.invalidate_cache()
            return dict(self.files.find(folder, maxdepth=depth, detail=True))
        except FileNotFoundError:
            return {}
        except OSError as error:
            msg = f"the folder of feeds cannot be listed: {error}"
            raise MobilePlansError(msg) from error

    def path(self, place: str) -> str:
        """Return the whole path of a file below it."""
        return f"{self.root}/{place}"


def arrivals(
    listed: Iterable[Listed], terms: Terms, policy: XdrPolicy, now: datetime
) -> list[Arrival]:
    """
    Put data files and manifests together, and tell which are there completely.

    A data file of a feed with manifests is in flight until its manifest is there or policy's time
    is over; then it is looked at without. Other files are left alone, unfinished ones too.

    Args:
        listed: What lies in the folder.
        terms: What the record of a mobile operator says of a feed.
        policy: How long a file may lack its manifest.
        now: The current instant, aware UTC.
    """
    stems: dict[str, list[Listed]] = {}
    for one in listed:
        if one.stem:
            stems.setdefault(one.stem, []).append(one)
    return [arrival for parts in stems.values() for arrival in _arrivals(parts, terms, policy, now)]


def _arrivals(parts: list[Listed], terms: Terms, policy: XdrPolicy, now: datetime) -> list[Arrival]:
    manifest = next((one for one in parts if one.name.endswith(MANIFEST)), None)
    found: list[Listed | None] = [one for one in parts if one is not manifest]
    found = found or [None]
    return [_arrival(data, manifest, terms, policy, now) for data in found]


def _arrival(
    data: Listed | None,
    manifest: Listed | None,
    terms: Terms,
    policy: XdrPolicy,
    now: datetime,
) -> Arrival:
    known = data or manifest
    assert known is not None  # noqa: S101 - nothing is put together of nothing
    file_name = data.name if data else known.name.replace(MANIFEST, _ENDINGS[0])
    name = parse_file_name(file_name)
    folder = known.place.rpartition("/")[0]
    slug = folder or (name.mobile_operator if name else None)
    wanted = terms(slug, name.feed) if name and slug else None
    # A manifest alone is whole: it comes last, and states an empty period or misses its data.
    has_all = manifest is not None or (wanted is not None and not wanted.manifest)
    patience = _SETTLED if has_all else policy.in_flight
    changed_at = max(one.changed_at for one in (data, manifest) if one is not None)
    return Arrival(
        data=data, manifest=manifest, name=name, slug=slug, is_ready=now - changed_at >= patience
    )
