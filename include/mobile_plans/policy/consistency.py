"""What no single field can tell: whether a record contradicts itself or those of others."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import IccidRange, is_true_subset, overlap
from include.mobile_plans.policy.documents import Document, KeyPath
from include.mobile_plans.policy.mobile_operators import MobileOperator, RegisteredRange
from include.mobile_plans.policy.scenarios import Scenario
from include.mobile_plans.policy.validation import validated
from include.mobile_plans.policy.values import PartyCalendar

Problem = tuple[KeyPath, str]
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
_AFTER_ALL = datetime.max.replace(tzinfo=UTC)


def read_mobile_operator(document: Document, *, allow_loopback: bool) -> MobileOperator:
    """
    Build a mobile operator from a document and check everything one record can tell.

    Args:
        document: What its YAML file says.
        allow_loopback: Whether its portals may be on this machine.

    Raises:
        BadInput: One line per problem, all of them.
    """
    mobile_operator = validated(
        MobileOperator, document, context={"allow_loopback": allow_loopback}
    )
    problems = [document.problem(path, text) for path, text in record_problems(mobile_operator)]
    if problems:
        raise BadInput(*problems)
    return mobile_operator


def record_problems(mobile_operator: MobileOperator) -> Iterator[Problem]:
    """Yield where a record contradicts itself, or names what the world does not know."""
    for key in ("countries", "sim_kinds", "other_names"):
        values = getattr(mobile_operator, key)
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield (key,), f"{value!r} is named twice: keep one"
    yield from _range_problems(mobile_operator)
    yield from _contact_problems(mobile_operator)
    yield from calendar_problems(mobile_operator.calendar, ("calendar",))
    yield from _scenario_problems(mobile_operator)
    feeds = [feed.feed for feed in mobile_operator.xdr_feeds]
    for feed in sorted({feed for feed in feeds if feeds.count(feed) > 1}):
        yield ("xdr_feeds",), f"{feed} is named twice: keep one"
    if not mobile_operator.monitoring.probed and mobile_operator.monitoring.reason is None:
        yield ("monitoring", "reason"), "is required where the portal is not probed"


def calendar_problems(calendar: PartyCalendar, path: KeyPath) -> Iterator[Problem]:
    """Yield what the calendar library does not know of a party."""
    try:
        calendar.party.validated()
    except BadInput as error:
        for problem in error.problems:
            yield path, problem


def _range_problems(mobile_operator: MobileOperator) -> Iterator[Problem]:
    registered = mobile_operator.iccid_ranges
    unreadable = False
    for purpose, entries in (("production", registered.production), ("test", registered.test)):
        for position, entry in enumerate(entries):
            path = ("iccid_ranges", purpose, position)
            try:
                _ = entry.ranges
            except BadInput as error:
                unreadable = True
                for problem in error.problems:
                    yield (*path, "notation"), problem
            if entry.valid_from and entry.valid_to and entry.valid_to <= entry.valid_from:
                yield (*path, "valid_to"), "must be later than valid_from"
    if registered.test and not unreadable:
        test = [one for entry in registered.test for one in entry.ranges]
        production = [one for entry in registered.production for one in entry.ranges]
        if not is_true_subset(test, production):
            yield (
                ("iccid_ranges", "test"),
                (
                    "must be a true subset of iccid_ranges.production: lie inside it, in the same "
                    "length and form, and leave some out; leave test empty to use the full range"
                ),
            )


def _contact_problems(mobile_operator: MobileOperator) -> Iterator[Problem]:
    # These are told by telephone (E3, O1), so a mail address alone does not do.
    for role in ("operations", "incident"):
        for position, contact in enumerate(getattr(mobile_operator.contacts, role)):
            if contact.phone is None:
                yield ("contacts", role, position, "phone"), "is required: this role is telephoned"
    support = mobile_operator.customer_support
    if not (support.phone or support.email or support.website):
        yield ("customer_support",), "needs a phone, an email or a website"


def _scenario_problems(mobile_operator: MobileOperator) -> Iterator[Problem]:
    names = [scenario.name for scenario in mobile_operator.scenarios]
    for position, scenario in enumerate(mobile_operator.scenarios):
        path = ("scenarios", position)
        problem = scenario.problem()
        if problem:
            yield path, problem
        if names.index(scenario.name) != position:
            yield (*path, "name"), f"{scenario.name!r} is named twice: give each its own name"
        if scenario.sim_kind not in mobile_operator.sim_kinds:
            yield (*path, "sim_kind"), f"{scenario.sim_kind!r} is not among its sim_kinds"


def scenario_clashes(
    mobile_operator: MobileOperator, taken: Iterable[Scenario]
) -> Iterator[Problem]:
    """Yield each scenario of its own that has the name of one of the program's (L8)."""
    names = {scenario.name for scenario in taken}
    for position, scenario in enumerate(mobile_operator.scenarios):
        if scenario.name in names:
            text = f"{scenario.name!r} is a scenario of the program already: choose another name"
            yield ("scenarios", position, "name"), text


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Two mobile operators that registered the same ICCIDs: an error of one of them."""

    first: str
    first_path: KeyPath
    first_range: IccidRange
    second: str
    second_path: KeyPath
    second_range: IccidRange

    def problem_of(self, slug: str) -> Problem:
        """Say it as a problem of one of the two."""
        mine, path, theirs = (
            (self.first_range, self.first_path, f"{self.second_range} of {self.second}")
            if slug == self.first
            else (self.second_range, self.second_path, f"{self.first_range} of {self.first}")
        )
        return path, f"{mine} overlaps {theirs}: an ICCID belongs to one mobile operator"


def overlaps_between(mobile_operators: Iterable[MobileOperator]) -> list[Overlap]:
    """
    Find ICCIDs that two mobile operators claim for the same time.

    Withdrawn ones claim none; numbers handed over at a time are claimed by one after the other.
    """
    owners: dict[IccidRange, list[tuple[str, int, RegisteredRange]]] = {}
    for mobile_operator in mobile_operators:
        if mobile_operator.state == "withdrawn":
            continue
        # Test ranges lie inside the production ranges, so these decide.
        for position, entry in enumerate(mobile_operator.iccid_ranges.production):
            for one in entry.ranges:
                owners.setdefault(one, []).append((mobile_operator.slug, position, entry))
    found = {}
    for first, second in overlap(owners, owners):
        for first_slug, first_position, first_entry in owners[first]:
            for second_slug, second_position, second_entry in owners[second]:
                if first_slug < second_slug and _meet_in_time(first_entry, second_entry):
                    key = (first_slug, first_position, second_slug, second_position)
                    found[key] = Overlap(
                        first=first_slug,
                        first_path=("iccid_ranges", "production", first_position),
                        first_range=first,
                        second=second_slug,
                        second_path=("iccid_ranges", "production", second_position),
                        second_range=second,
                    )
    return [found[key] for key in sorted(found)]


def _meet_in_time(first: RegisteredRange, second: RegisteredRange) -> bool:
    begin = max(first.valid_from or _BEFORE_ALL, second.valid_from or _BEFORE_ALL)
    end = min(first.valid_to or _AFTER_ALL, second.valid_to or _AFTER_ALL)
    return begin < end
