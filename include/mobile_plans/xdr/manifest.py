"""Manifests: what the mobile operator states about a file, read strictly."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter

from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant
from include.mobile_plans.policy.documents import Document
from include.mobile_plans.policy.validation import validated
from include.mobile_plans.policy.values import FORBID_UNKNOWN, Instant, Line, Slug
from include.mobile_plans.xdr.contract import MANIFEST_SCHEMA, Feed
from include.mobile_plans.xdr.model import ControlTotals, Environment, FeedName, Manifest


def _whole(value: object) -> object:
    """Big integers come as text, because JSON's numbers lose digits in many readers."""
    if isinstance(value, str) and value.removeprefix("-").isdecimal() and value.isascii():
        return int(value)
    return value


Whole = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int | str)]
Amount = Annotated[Decimal, Field(max_digits=38, decimal_places=6)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LostRecords:
    """How many records were lost: exactly, or at least, ``n``."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    op: Literal["==", ">="]
    n: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestDocument:
    """A manifest as its JSON has it; the keys of the contract."""

    __pydantic_config__: ClassVar = FORBID_UNKNOWN

    schema: Literal["xdr-manifest/1"]
    feed: FeedName
    mobile_operator: Slug
    env: Environment
    sequence: Annotated[int, Field(ge=1, le=999_999)]
    revision: Annotated[int, Field(ge=0, le=99)]
    period_start: Instant
    period_end: Instant
    cutoff_at: Instant
    created_at: Instant
    file: Line | None = None
    bytes: Annotated[Whole, Field(ge=0)] | None = None
    sha256: Sha256 | None = None
    records: Annotated[Whole, Field(ge=0)]
    control_totals: Mapping[str, Whole | Mapping[Currency, Amount]] = Field(default_factory=dict)
    first_record_seq: Whole | None = None
    last_record_seq: Whole | None = None
    lost_records: LostRecords | None = None
    close_reason: Line
    empty: bool


def manifest_schema() -> dict[str, Any]:
    """Return the JSON Schema of manifests."""
    return TypeAdapter(ManifestDocument).json_schema()


def parse_manifest(text: str, name: str, feed: Feed | None = None) -> Manifest:
    """
    Read a manifest.

    Args:
        text: Its JSON.
        name: How problems call it.
        feed: Whose totals it must state, or None for those of the feed it names.

    Raises:
        BadInput: One line per problem: not JSON, an unknown or missing key, a wrong value.
    """
    try:
        data = json.loads(text, parse_float=Decimal, object_pairs_hook=_no_doubles)
        document = Document(name=name, data=data)
        read = validated(ManifestDocument, document)
    except (ValueError, RecursionError) as error:
        msg = f"{name}: is no JSON manifest: {error}"
        raise BadInput(msg) from None
    except TypeError:
        msg = f'{name}: write money and other numbers with a point as text, such as "1499.1200"'
        raise BadInput(msg) from None
    problem = _problem(read, feed)
    if problem:
        msg = f"{name}: {problem}"
        raise BadInput(msg)
    return _manifest(read)


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    doubled = sorted({key for key in keys if keys.count(key) > 1})
    if doubled:
        msg = f"the key {doubled[0]} is written twice"
        raise ValueError(msg)
    return dict(pairs)


def _problem(read: ManifestDocument, feed: Feed | None) -> str | None:
    if read.period_end <= read.period_start:
        return "period_end must be after period_start"
    if not read.empty and (read.file is None or read.bytes is None):
        return "file and bytes are required where the period is not empty"
    if read.empty and (read.records or read.file):
        return "an empty period has records 0 and no file"
    if feed is not None and not read.empty:
        expected = {*feed.totals, *((feed.money,) if feed.money else ())}
        missing = sorted(expected - set(read.control_totals))
        if missing:
            return f"control_totals lacks {', '.join(missing)}"
    return None


def _manifest(read: ManifestDocument) -> Manifest:
    totals = read.control_totals
    return Manifest(
        feed=read.feed,
        mobile_operator=read.mobile_operator,
        env=read.env,
        sequence=read.sequence,
        revision=read.revision,
        period_start=read.period_start,
        period_end=read.period_end,
        cutoff_at=read.cutoff_at,
        created_at=read.created_at,
        file=read.file,
        bytes=read.bytes,
        sha256=read.sha256,
        records=read.records,
        control_totals=ControlTotals(
            integers={key: value for key, value in totals.items() if isinstance(value, int)},
            money={key: value for key, value in totals.items() if isinstance(value, Mapping)},
        ),
        first_record_seq=read.first_record_seq,
        last_record_seq=read.last_record_seq,
        lost_records=read.lost_records.n if read.lost_records else None,
        close_reason=read.close_reason,
        empty=read.empty,
    )


def write_manifest(manifest: Manifest) -> str:
    """Write a manifest as the contract has it: big integers and money as text."""
    totals: dict[str, Any] = {
        key: str(value) for key, value in manifest.control_totals.integers.items()
    }
    totals |= {
        key: {currency: f"{amount:f}" for currency, amount in sorted(by_currency.items())}
        for key, by_currency in manifest.control_totals.money.items()
    }
    document = {
        "schema": MANIFEST_SCHEMA,
        "feed": manifest.feed,
        "mobile_operator": manifest.mobile_operator,
        "env": manifest.env,
        "sequence": manifest.sequence,
        "revision": manifest.revision,
        **{
            key: format_instant(moment)
            for key, moment in (
                ("period_start", manifest.period_start),
                ("period_end", manifest.period_end),
                ("cutoff_at", manifest.cutoff_at),
                ("created_at", manifest.created_at),
            )
        },
        "file": manifest.file,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "records": manifest.records,
        "control_totals": totals,
        "first_record_seq": manifest.first_record_seq,
        "last_record_seq": manifest.last_record_seq,
        "lost_records": {"op": "==", "n": manifest.lost_records or 0},
        "close_reason": manifest.close_reason,
        "empty": manifest.empty,
    }
    return json.dumps(document, indent=1) + "\n"
