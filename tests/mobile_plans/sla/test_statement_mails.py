"""The mails about statements, as people read them (M4)."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from sqlalchemy import select

from include.mobile_plans.errors import BadInput
from include.mobile_plans.policy import (
    MobileOperator,
    ProgramPolicy,
    mobile_operator_in_force,
)
from include.mobile_plans.sla.mails import queue_overview, queue_statement
from include.mobile_plans.sla.model import Statement
from include.mobile_plans.store import Store, tables
from tests.golden import assert_golden, rendered_of
from tests.mobile_plans.maintenance.conftest import import_examples
from tests.mobile_plans.sla import examples

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
DAY = date(2026, 11, 24)


@pytest.fixture
def records(store: Store) -> Store:
    """A store in which the example mobile operators are on record."""
    import_examples(store, NOW - timedelta(days=365))
    return store


class Outbox:
    """Queues mails and reads them back."""

    def __init__(self, store: Store, policy: ProgramPolicy) -> None:
        self.store, self.policy = store, policy

    def tell(self, statement: Statement, so_far: Statement | None = None) -> bool:
        with self.store.transaction() as connection:
            return queue_statement(
                connection,
                statement,
                self.record(statement.slug),
                self.policy,
                now=NOW,
                so_far=so_far,
            )

    def overview(self, statements: list[Statement], **so_far: Statement) -> bool:
        with self.store.transaction() as connection:
            return queue_overview(connection, DAY, statements, self.policy, now=NOW, so_far=so_far)

    def record(self, slug: str) -> MobileOperator:
        with self.store.snapshot() as connection:
            return mobile_operator_in_force(connection, slug, NOW).mobile_operator

    def raw(self) -> list[bytes]:
        with self.store.snapshot() as connection:
            query = select(tables.notice).order_by(tables.notice.c.notice_key)
            return [row.message for row in connection.execute(query)]

    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw()]


@pytest.fixture
def outbox(records: Store, policy: ProgramPolicy) -> Outbox:
    """The outbox of a store with the examples on record."""
    return Outbox(records, policy)


def parts(mail: EmailMessage) -> dict[str, EmailMessage]:
    """Return the parts of a mail that have a file name."""
    return {name: part for part in mail.walk() if (name := part.get_filename())}


def links(mail: EmailMessage) -> Iterator[str]:
    """Yield every address the HTML loads something from."""
    html = mail.get_body(("html",)).get_content()
    return (match[1] for match in re.finditer(r'(?:src|href|url)=?["(]([^")]+)', html))


def test_the_monthly_statement(outbox: Outbox) -> None:
    """M4: the month, judged, with outages, maintenance and what was promised, to its contacts."""
    assert outbox.tell(examples.month())

    (raw,), (mail,) = outbox.raw(), outbox.mails()
    assert_golden("notices/sla_statement_to_mobile_operator", rendered_of(raw))
    assert mail["To"] == "Chris Wong <chris.wong@contoso.example>"
    files = parts(mail)
    assert set(files) == {"charts-1.png", "SLA-contoso-2026-11.csv", "SLA-contoso-2026-11.html"}
    assert files["charts-1.png"].get_content().startswith(b"\x89PNG")
    assert list(links(mail)) == [f"cid:{files['charts-1.png']['Content-ID'].strip('<>')}"]
    assert files["SLA-contoso-2026-11.html"].get_content().startswith("<!doctype html>")


def test_the_daily_statement_shows_the_month_so_far(outbox: Outbox) -> None:
    """M4: a day is indicative and alone makes no chart; the month up to it does."""
    days = examples.month_of_days()[:24]
    so_far = examples.month(
        number="SLA-contoso-2026-11-01-2026-11-24",
        kind="period",
        last_day=DAY,
        targets=(examples.target("contoso/portal", days),),
        maintenance=(),
    )
    outbox.tell(examples.one_day(), so_far)
    assert_golden("notices/sla_statement_to_mobile_operator_day", rendered_of(outbox.raw()[0]))
    assert "charts-1.png" in parts(outbox.mails()[0])

    outbox.tell(examples.one_day("northwind", "Northwind Traders"))
    (other,) = [mail for mail in outbox.mails() if "northwind" in mail["To"]]
    assert not [name for name in parts(other) if name.endswith(".png")]


def test_a_correction_says_what_changed(outbox: Outbox) -> None:
    """M4: before, now and why, as an answer to the statement it corrects; each once."""
    first, second = examples.month(), examples.corrected()
    assert outbox.tell(first)
    assert not outbox.tell(first)
    assert outbox.tell(second)
    assert not outbox.tell(second)

    before, after = outbox.mails()
    assert after["X-Mobile-Plans-Notice"] == "sla_correction"
    assert after["In-Reply-To"] == before["Message-ID"]
    assert_golden("notices/sla_correction_to_mobile_operator", rendered_of(outbox.raw()[1]))


def test_what_was_never_sent_is_not_corrected(outbox: Outbox) -> None:
    """M4: where no statement went out before, a later revision is simply the statement."""
    outbox.tell(examples.corrected())
    assert [mail["X-Mobile-Plans-Notice"] for mail in outbox.mails()] == ["sla_statement"]


def test_the_overview(outbox: Outbox) -> None:
    """M4: all mobile operators in one table, the worst first, and why one is undecided."""
    statements = [
        examples.one_day("contoso", "Contoso Mobile", bad=2),
        examples.unseen("tailspin", "Tailspin"),
        examples.one_day("northwind", "Northwind Traders", bad=90),
    ]
    month = examples.month("northwind", "Northwind Traders", kind="period")
    assert outbox.overview(statements, northwind=month)

    (mail,) = outbox.mails()
    assert_golden("notices/sla_overview_to_program", rendered_of(outbox.raw()[0]))
    assert mail["To"].endswith("<sla-reports@mobileplans.example>")
    (file,) = parts(mail).values()
    rows = list(csv.DictReader(io.StringIO(file.get_payload(decode=True).decode("utf-8-sig"))))
    assert [row["slug"] for row in rows] == ["northwind", "tailspin", "contoso"]
    assert rows[1]["availability"] == ""


def test_the_overview_is_sent_again_only_when_it_changed(outbox: Outbox) -> None:
    """M4: the same statements are told once; a corrected one makes an answer to the first."""
    one, other = examples.one_day(), examples.one_day("northwind", "Northwind Traders")
    assert outbox.overview([one, other])
    assert not outbox.overview([other, one])
    corrected = replace(other, seal=replace(other.seal, revision=1, sha256="b" * 64))
    assert outbox.overview([one, corrected])

    subjects = sorted(mail["Subject"] for mail in outbox.mails())
    assert [("Corrected" in subject) for subject in subjects] == [True, False]


def test_an_overview_of_nobody(outbox: Outbox) -> None:
    """M4: while no mobile operator is live, the program reads just that."""
    outbox.overview([])
    assert "No mobile operator was live." in outbox.mails()[0].get_body(("plain",)).get_content()


def test_no_mail_names_another_mobile_operator(outbox: Outbox) -> None:
    """M4: what stands in the attached files is looked at as well."""
    core, *others = examples.SERVICES
    told = replace(core, impact="as seen at Northwind Traders")
    with pytest.raises(BadInput, match=r"northwind in its attachment SLA-contoso-2026-11-24\.html"):
        outbox.tell(examples.one_day(services=(told, *others)))
