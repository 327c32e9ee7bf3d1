"""
Incidents of both directions: severity first, phone and mail, clocks of both parties (E, O, B, C).

The store is the truth: an incident is its events, and its promises follow from them; Airflow only
carries the calls people make and the questions they answer.
"""

from include.mobile_plans.incidents.about import SERVICES, About, about, about_id
from include.mobile_plans.incidents.bug_questions import APPROVAL, DEPLOYMENT, TRIAGE
from include.mobile_plans.incidents.bugs import (
    find_bug,
    list_bugs,
    report_bug,
)
from include.mobile_plans.incidents.escalation import (
    ASSESS_TASK,
    call_key,
    call_of_run,
    hear,
    incident_of_run,
    on_attempt,
    unreached,
)
from include.mobile_plans.incidents.export import export_incident, whole_record
from include.mobile_plans.incidents.feeds import (
    FeedTrouble,
    feed_incident,
    note_feed_is_whole,
    open_for_feed,
)
from include.mobile_plans.incidents.mails import headline
from include.mobile_plans.incidents.outages import incidents_of, open_for_outages
from include.mobile_plans.incidents.questions import PostQuestion, SeverityQuestion
from include.mobile_plans.incidents.records import (
    find_incident,
    list_incidents,
    note_run,
    runs_to_start,
)
from include.mobile_plans.incidents.reports import CHANNELS, Report, report
from include.mobile_plans.incidents.rules import PROGRAM_SERVICES
from include.mobile_plans.incidents.sheet import call_sheet, hand_over, handover
from include.mobile_plans.incidents.state import STATES, TROUBLE, Incident
from include.mobile_plans.incidents.statements import FIELDS, stated_in
from include.mobile_plans.incidents.timeline import downtime, timeline, verdict
from include.mobile_plans.incidents.updates import CHOICES, Post, post, require_possible, told_to

__all__ = [
    "APPROVAL",
    "ASSESS_TASK",
    "CHANNELS",
    "CHOICES",
    "DEPLOYMENT",
    "FIELDS",
    "PROGRAM_SERVICES",
    "SERVICES",
    "STATES",
    "TRIAGE",
    "TROUBLE",
    "About",
    "FeedTrouble",
    "Incident",
    "Post",
    "PostQuestion",
    "Report",
    "SeverityQuestion",
    "about",
    "about_id",
    "call_key",
    "call_of_run",
    "call_sheet",
    "downtime",
    "export_incident",
    "feed_incident",
    "find_bug",
    "find_incident",
    "hand_over",
    "handover",
    "headline",
    "hear",
    "incident_of_run",
    "incidents_of",
    "list_bugs",
    "list_incidents",
    "note_feed_is_whole",
    "note_run",
    "on_attempt",
    "open_for_feed",
    "open_for_outages",
    "post",
    "report",
    "report_bug",
    "require_possible",
    "runs_to_start",
    "stated_in",
    "timeline",
    "told_to",
    "unreached",
    "verdict",
    "whole_record",
]
