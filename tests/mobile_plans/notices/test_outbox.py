"""Notices are queued once, beside the state they tell of, and to one mobile operator only."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.policy import default

import pytest
from sqlalchemy import select

from include.mobile_plans.errors import BadInput, NotFound
from include.mobile_plans.notices import Attachment, Notice, list_notices, queue_notice, requeue
from include.mobile_plans.notices.message import Rendered, build_message
from include.mobile_plans.policy import load_policy
from include.mobile_plans.policy.loading import SHIPPED_POLICY
from include.mobile_plans.store import Store, tables, verify_events
from tests.mobile_plans.notices.conftest import DESK, SENDER, THERESA, TOBIAS

Queue = Callable[[Notice], bool]


def test_the_same_key_is_queued_once(store: Store, queue: Queue, iccid_notice: Notice) -> None:
    """A restarted task that queues again queues nothing."""
    assert queue(iccid_notice) is True
    assert queue(replace(iccid_notice, recipients=(TOBIAS,))) is False

    with store.snapshot() as connection:
        (notice,) = list_notices(connection)
        assert [d.recipient for d in notice.deliveries] == [THERESA.email]
        assert verify_events(connection) == []


def test_a_queued_mail_is_whole(store: Store, queue: Queue, iccid_notice: Notice) -> None:
    """The mail has text, HTML, one Message-ID, and masked numbers."""
    queue(
        replace(
            iccid_notice,
            attachments=(Attachment(filename="a.csv", content_type="text/csv", content=b"a,b\n"),),
        )
    )

    with store.snapshot() as connection:
        raw = connection.execute(select(tables.notice.c.message)).scalar_one()
    mail = message_from_bytes(raw, policy=default)
    assert mail["Subject"].startswith("[launch-tailspin-2026-12-14-1] Configure the test ICCID")
    assert mail["To"] == "Theresa Vogel <theresa@tailspin.example>"
    assert "8988280****4900" in mail.get_body(("plain",)).get_content()
    assert "8988280****4900" in mail.get_body(("html",)).get_content()
    assert [part.get_filename() for part in mail.iter_attachments()] == ["a.csv"]


def test_a_picture_in_the_html(now: datetime, iccid_notice: Notice) -> None:
    """A picture that the HTML shows by its content id belongs to the HTML; files do not (M4)."""
    picture = Attachment(
        filename="a.png",
        content_type="image/png",
        content=b"\x89PNG",
        content_id="a.1@mobileplans.example",
    )
    file = Attachment(filename="a.csv", content_type="text/csv", content=b"a,b\n")
    built = build_message(
        replace(iccid_notice, attachments=(file, picture)),
        Rendered(subject="s", text="t\n", html='<img src="cid:a.1@mobileplans.example">'),
        sender=SENDER,
        queued_at=now,
        references=(),
        policy=load_policy(SHIPPED_POLICY).notices,
    )
    mail = message_from_bytes(built.as_bytes(), policy=default)
    types = [part.get_content_type() for part in mail.walk()]
    assert types == [
        *("multipart/mixed", "multipart/alternative", "text/plain"),
        *("multipart/related", "text/html", "image/png", "text/csv"),
    ]
    (shown,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert shown["Content-ID"] == "<a.1@mobileplans.example>"
    assert shown.get_content_disposition() == "inline"
    assert shown.get_content() == picture.content


def test_a_thread_is_one_conversation(store: Store, queue: Queue, iccid_notice: Notice) -> None:
    """Later notices of a thread reply to the ones before, for each party by itself."""
    queue(iccid_notice)
    queue(replace(iccid_notice, key="second"))
    queue(replace(iccid_notice, key="third"))
    queue(replace(iccid_notice, key="second", party="program", recipients=(DESK,), fallbacks=()))

    with store.snapshot() as connection:
        rows = connection.execute(
            select(tables.notice).order_by(tables.notice.c.party, tables.notice.c.thread_position)
        ).all()
    mails = [message_from_bytes(row.message, policy=default) for row in rows]
    first, second, third, program = mails
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]
    assert program["In-Reply-To"] is None


def test_an_undone_transaction_queues_nothing(
    store: Store, iccid_notice: Notice, now: datetime
) -> None:
    """The notice lives and dies with the change of state it tells of."""

    def change_and_fail() -> None:
        with store.transaction() as connection:
            queue_notice(connection, iccid_notice, sender=SENDER, now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    with store.snapshot() as connection:
        assert list_notices(connection) == []


REFUSED = {
    "another mobile operator": (
        {"recipients": (THERESA, replace(TOBIAS, slug="contoso"))},
        "contoso",
    ),
    "a fallback elsewhere": ({"fallbacks": (replace(TOBIAS, slug="contoso"),)}, "contoso"),
    "the program among partners": ({"recipients": (THERESA, DESK)}, "the program"),
    "a partner among the program": ({"party": "program"}, "cannot go to"),
    "nobody": ({"recipients": ()}, "no recipient"),
    "no mobile operator": ({"slug": None}, "names none"),
    "unknown kind": ({"kind": "gossip"}, "launch_live"),
    "undefined name": ({"context": {}}, "need something"),
    "not an address": ({"recipients": (replace(THERESA, email="nonsense"),)}, "not an e-mail"),
    "line break in a name": (
        {"recipients": (replace(THERESA, name="A\r\nBcc: eve@x.example"),)},
        "(line break|not an e-mail)",
    ),
    "line break in a subject": (
        {"context_change": {"mobile_operator_name": "T\nBcc: e@x"}},
        "line break",
    ),
    "a picture the HTML does not show": (
        {
            "attachments": (
                Attachment(
                    filename="a.png",
                    content_type="image/png",
                    content=b"\x89PNG",
                    content_id="a@mobileplans.example",
                ),
            )
        },
        "has to show a.png as cid:a@mobileplans.example",
    ),
    "too large": (
        {
            "attachments": (
                Attachment(
                    filename="x.pdf", content_type="application/pdf", content=b"x" * 9_000_000
                ),
            )
        },
        "at most",
    ),
}


@pytest.mark.parametrize(("change", "words"), REFUSED.values(), ids=REFUSED)
def test_what_must_not_leave_is_refused_at_the_door(
    store: Store, queue: Queue, iccid_notice: Notice, change: dict, words: str
) -> None:
    """A notice that would leak, inject or fail is refused, and nothing is queued."""
    if "context_change" in change:
        change = {"context": {**iccid_notice.context, **change["context_change"]}}
    with pytest.raises(BadInput, match=words):
        queue(replace(iccid_notice, **change))

    with store.snapshot() as connection:
        assert list_notices(connection) == []


def test_a_sent_delivery_is_not_requeued(
    store: Store, queue: Queue, iccid_notice: Notice, now: datetime
) -> None:
    """Asking again for what was sent would double it; what was never asked for is not found."""
    queue(iccid_notice)
    key = f"{iccid_notice.key}:mobile_operator"
    with store.transaction() as connection:
        connection.execute(tables.delivery.update().values(state="sent"))
        with pytest.raises(BadInput, match="not sent twice"):
            requeue(connection, key, THERESA.email, by="Ada", now=now)
        with pytest.raises(NotFound, match="no delivery"):
            requeue(connection, key, "eve@x.example", by="Ada", now=now)
