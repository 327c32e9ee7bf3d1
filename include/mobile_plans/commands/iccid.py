"""``iccid``: check numbers, compare ranges."""

from typing import Annotated

import typer

from include.mobile_plans.commands.output import (
    AsJson,
    found_wanting,
    new_group,
    print_json,
    print_table,
)
from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import (
    EXPLANATIONS,
    IccidRange,
    IccidVerdict,
    Kind,
    check_eid,
    check_iccid,
    check_imei,
    is_subset,
    is_true_subset,
    likely_kind,
    parse_ranges,
    range_warnings,
    total_size,
)
from include.mobile_plans.simulation.clock import Clock, SystemClock

app = new_group()


@app.command()
def check(
    numbers: Annotated[list[str], typer.Argument(metavar="NUMBER...", help="ICCID, EID or IMEI.")],
    *,
    mobile_operator: Annotated[
        str | None, typer.Option(help="Slug: its registered ranges decide about ICCIDs.")
    ] = None,
    no_check_digit: Annotated[
        bool, typer.Option("--no-check-digit", help="ICCIDs carry none, whatever their length.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what each number is and whether it is right (exit 1 if one is not)."""
    if mobile_operator is not None and no_check_digit:
        msg = "--no-check-digit contradicts --mobile-operator: its ranges say it; give one of them"
        raise BadInput(msg)
    ranges = None if mobile_operator is None else registered_ranges(mobile_operator, SystemClock())
    verdicts = [
        judge(number, ranges=ranges, has_check_digit=False if no_check_digit else None)
        for number in numbers
    ]
    if as_json:
        print_json(
            {
                "results": [
                    {"input": one.input, "valid": one.valid, "kind": one.kind, "reason": one.reason}
                    for one in verdicts
                ]
            }
        )
    else:
        print_table(
            ("input", "kind", "valid", "reason"),
            (
                (one.input, one.kind, "yes" if one.valid else "no", _in_words(one))
                for one in verdicts
            ),
        )
    if not all(one.valid for one in verdicts):
        raise found_wanting()


@app.command()
def ranges(
    *,
    production: Annotated[str, typer.Option(help='The full ranges, "A-B; C-D".')],
    test: Annotated[str, typer.Option(help='The test ranges, "E-F".')],
    as_json: AsJson = False,
) -> None:
    """Compare test ranges with the full production ranges (exit 1 if they are no subset)."""
    whole, inner = parse_ranges(production), parse_ranges(test)
    answer = {
        "is_subset": is_subset(inner, whole),
        "is_true_subset": is_true_subset(inner, whole),
        "test_size": total_size(inner),
        "production_size": total_size(whole),
    }
    warnings = range_warnings(whole, inner)
    if as_json:
        print_json({**answer, "warnings": warnings})
    else:
        print_table(("what", "is"), answer.items())
        for warning in warnings:
            typer.echo(f"warning: {warning}")
    if not answer["is_subset"]:
        raise found_wanting()


def judge(
    number: str, *, ranges: tuple[IccidRange, ...] | None, has_check_digit: bool | None
) -> IccidVerdict:
    """Check a number as what it most likely is."""
    match likely_kind(number):
        case Kind.EID:
            return check_eid(number)
        case Kind.IMEI:
            return check_imei(number)
    return check_iccid(number, ranges=ranges, has_check_digit=has_check_digit)


def registered_ranges(slug: str, clock: Clock) -> tuple[IccidRange, ...]:
    """
    Read the production ranges that a mobile operator has registered and that are valid now.

    Raises:
        NotFound: No such mobile operator.
        StoreUnavailable: The store cannot be read.
    """
    from include.mobile_plans.policy import mobile_operator_in_force  # noqa: PLC0415 - slow
    from include.mobile_plans.store import store_from_environment  # noqa: PLC0415 - slow

    now = clock.now()
    with store_from_environment().snapshot() as connection:
        record = mobile_operator_in_force(connection, slug, now).mobile_operator
    return record.iccid_ranges.at("production", now)


def _in_words(verdict: IccidVerdict) -> str | None:
    if verdict.reason is None:
        return None
    return f"{verdict.reason}: {EXPLANATIONS[verdict.reason]}"
