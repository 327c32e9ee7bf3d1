"""The mails about statements: to the mobile operator its own, to the program all of them (M4)."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from include.mobile_plans.notices import (
    Attachment,
    Notice,
    Recipient,
    list_notices,
    queue_notice,
)
from include.mobile_plans.obligations import contacts_of
from include.mobile_plans.policy import MobileOperator, ProgramPolicy
from include.mobile_plans.sla import words
from include.mobile_plans.sla.document import as_cell, csv_text, html_document
from include.mobile_plans.sla.model import Statement, TargetFigures, Verdict

ROLE = "mobile_operator.reports"
_ORDER = (Verdict.MISSED, Verdict.UNDECIDED, Verdict.MET)
_DIGEST = 12
OVERVIEW_COLUMNS = (
    *("slug", "mobile_operator", "target", "verdict_availability", "verdict_latency"),
    *("availability", "coverage", "budget_left_s", "mean_ms"),
    *("month_so_far_availability", "month_so_far_budget_left_s", "reason"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """One target in the overview: its figures, and those of the month so far where there are."""

    statement: Statement
    figures: TargetFigures | None
    so_far: TargetFigures | None

    @property
    def verdict(self) -> Verdict:
        """The worse of its two verdicts; undecided where nothing was monitored."""
        judged = self.judged
        return min((one.verdict for one in judged), key=_ORDER.index, default=Verdict.UNDECIDED)

    @property
    def judged(self) -> tuple[Any, ...]:
        """Both verdicts, none where nothing was monitored."""
        if self.figures is None:
            return ()
        return (self.figures.judged_availability, self.figures.judged_latency)

    @property
    def reason(self) -> str:
        """Why it is not kept, or not decided; empty where both are kept."""
        if self.figures is None:
            return "nothing was monitored"
        return "; ".join(one.reason for one in self.judged if one.verdict is not Verdict.MET)


def queue_statement(
    connection: Connection,
    statement: Statement,
    mobile_operator: MobileOperator,
    policy: ProgramPolicy,
    *,
    now: datetime,
    so_far: Statement | None = None,
) -> bool:
    """
    Queue a statement for its mobile operator: once for each revision, a later one as a correction.

    Args:
        connection: The write transaction.
        statement: What is told.
        mobile_operator: Its record, whose ``reports`` contacts are told.
        policy: The program's policy.
        now: The current instant, aware UTC.
        so_far: The month up to a statement of one day, for its charts.

    Returns:
        Whether the mail is new.

    Raises:
        BadInput: It would name another mobile operator, or cannot be addressed.
    """
    wanted = statement_notice(connection, statement, mobile_operator, policy, so_far)
    sender = policy.contacts.sender.email
    return wanted is not None and queue_notice(connection, wanted, sender=sender, now=now)


def statement_notice(
    connection: Connection,
    statement: Statement,
    mobile_operator: MobileOperator,
    policy: ProgramPolicy,
    so_far: Statement | None = None,
) -> Notice | None:
    """
    Make the notice that tells a statement, or None where it is queued already.

    Its charts take half a second to draw: whoever tells many makes it in a read, and only queues it
    in a write. See ``queue_statement`` for the arguments.
    """
    seal, people = statement.seal, contacts_of(ROLE, policy, mobile_operator)
    key = f"{statement.number}:{seal.revision}"
    told = {row.key for row in list_notices(connection, key_prefix=f"{statement.number}:")}
    if f"{key}:mobile_operator" in told:
        return None
    pictures = _pictures(so_far or statement, policy)
    return Notice(
        key=key,
        kind="sla_correction" if seal.revision and told else "sla_statement",
        party="mobile_operator",
        slug=statement.slug,
        recipients=people[:1],
        fallbacks=people[1:],
        context={
            "program_name": policy.contacts.program_name,
            "statement": statement,
            "so_far": so_far,
            "words": words,
            "pictures": {target: (image.content_id, said) for target, (image, said) in pictures},
        },
        thread=statement.number,
        attachments=(*(image for _, (image, _) in pictures), *_files(statement, so_far)),
    )


def queue_overview(
    connection: Connection,
    day: date,
    statements: Sequence[Statement],
    policy: ProgramPolicy,
    *,
    now: datetime,
    so_far: Mapping[str, Statement] | None = None,
) -> bool:
    """
    Queue the overview of a day for the program: every mobile operator, the worst first (M4).

    The same statements are told once; when one of them was corrected since, the overview is sent
    again, as an answer to the first one.

    Args:
        connection: The write transaction.
        day: Which day.
        statements: Of every mobile operator that was live in it.
        policy: The program's policy.
        now: The current instant, aware UTC.
        so_far: The month up to that day, by slug.
    """
    rows = overview_rows(statements, so_far or {})
    name = f"SLA-overview-{day}"
    seals = sorted(f"{s.number} {s.seal.revision} {s.seal.sha256}" for s in statements)
    digest = sha256("\n".join(seals).encode()).hexdigest()[:_DIGEST]
    desk = Recipient(
        name=f"{policy.contacts.program_name} SLA reports",
        email=policy.contacts.mailing_lists.reports,
        role="reports",
    )
    notice = Notice(
        key=f"{name}:{digest}",
        kind="sla_overview",
        party="program",
        slug=None,
        recipients=(desk,),
        context={
            "program_name": policy.contacts.program_name,
            "name": name,
            "day": day,
            "rows": rows,
            "counts": {v: sum(row.verdict is v for row in rows) for v in _ORDER},
            "is_again": bool(list_notices(connection, key_prefix=f"{name}:")),
            "words": words,
        },
        thread=name,
        attachments=(_csv_file(f"{name}.csv", _overview_csv(rows)),),
    )
    return queue_notice(connection, notice, sender=policy.contacts.sender.email, now=now)


def overview_rows(
    statements: Sequence[Statement], so_far: Mapping[str, Statement]
) -> list[OverviewRow]:
    """Return a row for each target, the worst first: missed, undecided, then by budget left."""
    rows = []
    for statement in statements:
        month = so_far.get(statement.slug)
        of_month = {one.target: one for one in month.targets} if month else {}
        rows += [
            OverviewRow(statement=statement, figures=one, so_far=of_month.get(one.target))
            for one in statement.targets
        ] or [OverviewRow(statement=statement, figures=None, so_far=None)]
    return sorted(rows, key=_badness)


def _badness(row: OverviewRow) -> tuple[int, float, str]:
    left = row.figures.budget.left_s if row.figures else 0.0
    return _ORDER.index(row.verdict), left, row.statement.slug


def _pictures(
    statement: Statement, policy: ProgramPolicy
) -> list[tuple[str, tuple[Attachment, str]]]:
    """Draw the charts of each target; one day alone makes none."""
    if statement.first_day == statement.last_day:
        return []
    # Matplotlib takes half a second to import, and every DAG file imports this room.
    from include.mobile_plans.sla.images import chart_png, chart_words  # noqa: PLC0415

    domain = policy.contacts.sender.email.rpartition("@")[2]
    return [
        (
            one.target,
            (
                Attachment(
                    filename=f"charts-{place}.png",
                    content_type="image/png",
                    content=chart_png(one),
                    content_id=(
                        f"{statement.number}.{statement.seal.sha256[:_DIGEST]}.{place}@{domain}"
                    ),
                ),
                chart_words(one),
            ),
        )
        for place, one in enumerate(statement.targets, start=1)
    ]


def _files(statement: Statement, so_far: Statement | None) -> tuple[Attachment, ...]:
    name = statement.number + (f"-{statement.seal.revision}" if statement.seal.revision else "")
    page = Attachment(
        filename=f"{name}.html",
        content_type="text/html",
        content=html_document(statement, so_far).encode(),
    )
    return _csv_file(f"{name}.csv", csv_text(statement)), page


def _csv_file(name: str, text: str) -> Attachment:
    # The mark at its begin tells spreadsheets that it is UTF-8.
    return Attachment(filename=name, content_type="text/csv", content=text.encode("utf-8-sig"))


def _overview_csv(rows: Sequence[OverviewRow]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, OVERVIEW_COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: as_cell(value) for name, value in _overview_cells(row).items()})
    return file.getvalue()


def _overview_cells(row: OverviewRow) -> dict[str, object]:
    statement, one, month = row.statement, row.figures, row.so_far
    cells: dict[str, object] = {
        "slug": statement.slug,
        "mobile_operator": statement.mobile_operator,
        "reason": row.reason,
    }
    if one is not None:
        cells |= {
            "target": one.target,
            "verdict_availability": str(one.judged_availability.verdict),
            "verdict_latency": str(one.judged_latency.verdict),
            "availability": one.availability.share,
            "coverage": one.availability.coverage,
            "budget_left_s": one.budget.left_s,
            "mean_ms": one.latency.mean_ms,
        }
    if month is not None:
        cells |= {
            "month_so_far_availability": month.availability.share,
            "month_so_far_budget_left_s": month.budget.left_s,
        }
    return cells
