"""The names of data files."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from include.mobile_plans.xdr import file_name, parse_file_name

NAME = "CDR_contoso-us_P_20261122T1300Z_PT1H_000417_r02.csv.gz"


def test_a_name_says_everything() -> None:
    """The feed, the mobile operator, the period, the sequence and the revision (X1)."""
    name = parse_file_name(NAME)
    assert name is not None
    assert (name.feed, name.mobile_operator, name.environment) == ("CDR", "contoso-us", "P")
    assert name.period_start == datetime(2026, 11, 22, 13, tzinfo=UTC)
    assert name.period_end == datetime(2026, 11, 22, 14, tzinfo=UTC)
    assert (name.sequence, name.revision, name.format) == (417, 2, "csv.gz")
    assert name.manifest_name == "CDR_contoso-us_P_20261122T1300Z_PT1H_000417_r02.manifest.json"
    assert file_name(replace(name, name="")) == NAME


@pytest.mark.parametrize(
    "name",
    [
        NAME.replace("CDR", "XDR"),
        NAME.replace("1300Z", "2500Z"),
        NAME.replace("000417", "000000"),
        NAME.replace("000417", "417"),
        NAME.replace(".csv.gz", ".csv"),
        NAME.replace("CDR", "SDR"),
        f"{NAME}.part",
        f"{NAME}\n",
    ],
)
def test_a_name_that_breaks_the_contract_is_none(name: str) -> None:
    """Nothing is guessed from a name that is nearly right; an hourly SDR there is not (F01)."""
    assert parse_file_name(name) is None
