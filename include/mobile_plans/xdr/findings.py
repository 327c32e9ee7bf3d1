"""Findings of one file while it is read: counts exact, a hundred samples each, values masked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.mobile_plans.iccid import mask_iccid, mask_iccids
from include.mobile_plans.policy.xdr import FindingSeverity
from include.mobile_plans.xdr.batches import Batch
from include.mobile_plans.xdr.cells import Flags
from include.mobile_plans.xdr.model import SAMPLES, Finding, Sample

LONGEST_VALUE = 60
HIDDEN = frozenset({"iccid", "imsi", "imei", "eid"})
"""Columns that name a card or a device: their middle is never shown."""


@dataclass(slots=True)
class _Tally:
    count: int = 0
    samples: list[Sample] = field(default_factory=list)


class Findings:
    """
    What was found so far.

    Args:
        severities: Of each rule.
    """

    def __init__(self, severities: Mapping[str, FindingSeverity]) -> None:
        self._severities = severities
        self._tallies: dict[tuple[str, str | None, str], _Tally] = {}

    def add(
        self,
        rule: str,
        message: str,
        *,
        column: str | None = None,
        count: int = 1,
        samples: Iterable[Sample] = (),
    ) -> None:
        """Keep a finding, with rows that show it or of the file as a whole."""
        tally = self._tallies.setdefault((rule, column, message), _Tally())
        tally.count += count
        for sample in samples:
            if len(tally.samples) == SAMPLES:
                break
            tally.samples.append(sample)

    def rows(
        self, rule: str, batch: Batch, flags: Flags | None, column: str, message: str
    ) -> Flags | None:
        """
        Keep the rows of a batch that break a rule.

        Args:
            rule: Of the catalogue.
            batch: The rows.
            flags: Which of them; None for none.
            column: Where the value stands that is shown.
            message: What is wrong with it.

        Returns:
            The flags where they set rows aside, else None.
        """
        if flags is None:
            return None
        count = int(np.count_nonzero(flags))
        if not count:
            return None
        wanted = SAMPLES - len(self._tallies.get((rule, column, message), _Tally()).samples)
        places = np.flatnonzero(flags)[:wanted] if wanted > 0 else np.zeros(0, np.intp)
        self.add(
            rule, message, column=column, count=count, samples=samples_of(batch, places, column)
        )
        return flags if self.sets_aside(rule) else None

    def sets_aside(self, rule: str) -> bool:
        """Tell whether a rule sets rows aside."""
        return self._severities[rule] == "Q"

    @property
    def refuses(self) -> bool:
        """Whether one of them refuses the file."""
        return any(self._severities[rule] == "R" for rule, _, _ in self._tallies)

    def found(self) -> tuple[Finding, ...]:
        """Return all findings, by check."""
        findings = [self._finding(*key, tally) for key, tally in self._tallies.items()]
        return tuple(sorted(findings, key=lambda one: (one.check, one.row or 0, one.message)))

    def _finding(self, rule: str, column: str | None, message: str, tally: _Tally) -> Finding:
        first = tally.samples[0] if tally.samples else None
        text = message
        if first is not None:
            text += f"; first in row {first.row}"
            text += "" if first.value is None else f": {first.value}"
        return Finding(
            check=rule.partition("_")[0],
            severity=self._severities[rule],
            row=None if first is None else first.row,
            column=column,
            count=tally.count,
            message=text,
            samples=tuple(tally.samples),
        )


def samples_of(batch: Batch, places: npt.NDArray[np.intp], column: str) -> list[Sample]:
    """Return the rows at some places of a batch as they may be shown."""
    if not len(places):
        return []
    numbers = batch.numbers()[places]
    values = batch.columns[column].take(pa.array(places)).to_pylist()
    return [
        Sample(row=int(number), value=shown(value, column))
        for number, value in zip(numbers, values, strict=True)
    ]


def shown(value: object, column: str) -> str | None:
    """Return a value as people may see it: cards and devices masked, one line, not too long."""
    if value is None:
        return None
    text = str(value)
    text = mask_iccid(text) if column in HIDDEN else mask_iccids(text)
    return repr(text[:LONGEST_VALUE])
