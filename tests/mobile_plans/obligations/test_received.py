"""When a mail reached us, from its headers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.mobile_plans.errors import BadInput
from include.mobile_plans.obligations.received import evidence_of, read_mail, received_at_of

MAIL = b"""Received: from mx.tailspin.example by mail.mobileplans.example with ESMTPS;
 Mon, 23 Nov 2026 13:40:05 +0100
Received: from desk.tailspin.example by mx.tailspin.example;
 Mon, 23 Nov 2026 09:00:00 +0100
Date: Mon, 23 Nov 2026 08:00:00 +0100
From: Tobias Keller <tobias@tailspin.example>
Subject: Re: [INC-0042]
 portal down
Message-ID: <1@tailspin.example>

We are on it.
"""


def test_our_own_server_says_when_it_came() -> None:
    """The topmost header counts; what the sender's servers and clock say does not."""
    assert received_at_of(MAIL) == datetime(2026, 11, 23, 12, 40, 5, tzinfo=UTC)


def test_a_mail_is_named_as_evidence() -> None:
    """Message-ID, sender and subject on one line."""
    assert evidence_of(MAIL) == (
        "Message-ID <1@tailspin.example>; From Tobias Keller <tobias@tailspin.example>; "
        "Subject Re: [INC-0042] portal down"
    )


@pytest.mark.parametrize(
    ("mail", "words"),
    [
        (b"Date: Mon, 23 Nov 2026 08:00:00 +0100\n\nx", "never passed a mail server"),
        (b"Received: from a by b\n\nx", "has no date"),
        (b"Received: from a by b; yesterday\n\nx", "has no date"),
        (b"Received: from a by b; Mon, 23 Nov 2026 08:00:00\n\nx", "has no"),
    ],
)
def test_a_mail_that_does_not_say_is_refused(mail: bytes, words: str) -> None:
    """Without a date and zone of our own server nobody knows when it came."""
    with pytest.raises(BadInput, match=words):
        received_at_of(mail)


def test_a_mail_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file is one plain sentence."""
    with pytest.raises(BadInput, match=r"missing\.eml cannot be read"):
        read_mail(tmp_path / "missing.eml")
