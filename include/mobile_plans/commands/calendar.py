"""``calendar``: business time."""

from typing import Annotated

import typer

from include.mobile_plans.calendar import Deadline, Party, after_business_days
from include.mobile_plans.calendar import deadline as deadline_of
from include.mobile_plans.commands.output import AsJson, new_group, print_json, print_table
from include.mobile_plans.errors import BadInput
from include.mobile_plans.instants import format_instant, parse_instant

app = new_group()
BusinessDays = Annotated[int, typer.Option(help="How many business days, from 1.")]


@app.command()
def deadline(
    *,
    event: Annotated[str, typer.Option(help="When it starts: ISO 8601 with an offset.")],
    business_days: BusinessDays,
    party: Annotated[
        list[str],
        typer.Option(help="COUNTRY[-REGION]/ZONE; given again, days must be worked by all."),
    ],
    as_json: AsJson = False,
) -> None:
    """Print the last instant at which a notice of an event is in time."""
    found = deadline_of(parse_instant(event, "the event"), business_days, _parties(party))
    _show(found, as_json=as_json)


@app.command()
def after(
    *,
    since: Annotated[str, typer.Option(help="When the period starts: ISO 8601 with an offset.")],
    business_days: BusinessDays,
    party: Annotated[str, typer.Option(help="COUNTRY[-REGION]/ZONE of the party that owes it.")],
    as_json: AsJson = False,
) -> None:
    """Print when something owed within some business days is due."""
    found = after_business_days(
        parse_instant(since, "the start"), business_days, Party.parse(party)
    )
    _show(found, as_json=as_json)


def _parties(notations: list[str]) -> list[Party]:
    parties: list[Party] = []
    problems: list[str] = []
    for notation in notations:
        try:
            parties.append(Party.parse(notation))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(*problems)
    return parties


def _show(found: Deadline, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "deadline": found.instant,
                "counted": found.counted,
                "skipped": [{"date": day.date, "names": day.names} for day in found.skipped],
                "zone": found.zone,
                "calendar_version": found.calendar_version,
            }
        )
        return
    typer.echo(f"{format_instant(found.instant)}, by the clock of {found.zone}")
    holidays = {day.date: ", ".join(day.names) for day in found.skipped}
    print_table(
        ("date", "day", "is", "name"),
        (
            (day, f"{day:%a}", "holiday" if day in holidays else "counts", holidays.get(day))
            for day in sorted([*found.counted, *holidays])
        ),
    )
    typer.echo(f"working days of {found.calendar_version}")
