"""
Notices: mails that are neither lost nor doubled.

A notice is queued in the transaction that changes the state it tells of, rendered once, and sent
by whoever drains the outbox, one SMTP transaction per recipient.
"""

from include.mobile_plans.notices.message import Attachment, Notice, Recipient
from include.mobile_plans.notices.outbox import NoticeRow, list_notices, queue_notice
from include.mobile_plans.notices.sending import DrainReport, drain
from include.mobile_plans.notices.transport import (
    AnswerLost,
    Refused,
    Transport,
    TryAgainLater,
)

__all__ = [
    "AnswerLost",
    "Attachment",
    "DrainReport",
    "Notice",
    "NoticeRow",
    "Recipient",
    "Refused",
    "Transport",
    "TryAgainLater",
    "drain",
    "list_notices",
    "queue_notice",
]
