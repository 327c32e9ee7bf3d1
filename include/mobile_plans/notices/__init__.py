"""
Notices: mails that are neither lost nor doubled.

A notice is queued in the transaction that changes the state it tells of, rendered once, and sent
by whoever drains the outbox, one SMTP transaction per recipient.
"""

from include.mobile_plans.notices.deliveries import (
    DeliveryRow,
    DeliveryState,
    NoticeRow,
    add_delivery,
    find_notice,
    list_notices,
    requeue,
)
from include.mobile_plans.notices.discretion import others_named_in
from include.mobile_plans.notices.due import next_delivery_due
from include.mobile_plans.notices.message import Attachment, Notice, Recipient
from include.mobile_plans.notices.outbox import queue_notice
from include.mobile_plans.notices.rules import RetrySchedule
from include.mobile_plans.notices.sending import DrainReport, drain
from include.mobile_plans.notices.templates import duration, render_page
from include.mobile_plans.notices.transport import (
    PAGER,
    AnswerLost,
    NobodyThere,
    Refused,
    Transport,
    TryAgainLater,
)

__all__ = [
    "PAGER",
    "AnswerLost",
    "Attachment",
    "DeliveryRow",
    "DeliveryState",
    "DrainReport",
    "NobodyThere",
    "Notice",
    "NoticeRow",
    "Recipient",
    "Refused",
    "RetrySchedule",
    "Transport",
    "TryAgainLater",
    "add_delivery",
    "drain",
    "duration",
    "find_notice",
    "list_notices",
    "next_delivery_due",
    "others_named_in",
    "queue_notice",
    "render_page",
    "requeue",
]
