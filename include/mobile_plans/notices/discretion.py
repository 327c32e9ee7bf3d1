"""
What a mail must not say: another mobile operator's name, or a whole ICCID.

The mail is looked at as it leaves: headers, text, HTML, names of attachments and what they say
where that is text. Names are compared word by word, whatever stands between the words and in
whatever case; the longest name at a place counts, so ``Contoso Ireland`` may stand in its own mails
although ``Contoso`` is another. Looked for are slug, names, brand, addresses, phones and portals of
every other record. A single word is not looked for where it is one of our templates' own, shorter
than three letters, or listed in ``ordinary_words`` of policy.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from email.message import EmailMessage
from urllib.parse import urlsplit

from sqlalchemy import Connection

from include.mobile_plans.errors import BadInput
from include.mobile_plans.iccid import mask_iccid
from include.mobile_plans.notices.message import Notice
from include.mobile_plans.notices.templates import template_sources
from include.mobile_plans.policy import (
    Contact,
    MobileOperator,
    MobileOperatorVersion,
    program_policy,
)
from include.mobile_plans.policy.versions import newest_versions

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_ICCID_LIKE = re.compile(r"(?<!\d)89\d(?:[ -]?\d)+")
_SHORTEST_ICCID = 18
_SHORTEST_GROUP = 3
_SHORTEST_NAME = 3
_TEXT_TYPES = re.compile(r"text/.*|application/(?:.*\+)?(?:json|xml|yaml|x-ndjson)")
_names_read: dict[str, frozenset[Words]] = {}
"""The names of each document of a record, by its hash."""


def check_discretion(
    connection: Connection, notice: Notice, mail: EmailMessage, ordinary_words: Collection[str]
) -> None:
    """
    Refuse a mail that tells too much.

    Args:
        connection: The transaction that queues it; every mobile operator on record is in it.
        notice: Whom it is for.
        mail: The whole mail.
        ordinary_words: Names of one word that are not looked for.

    Raises:
        BadInput: It holds an ICCID that is not masked, or is for one mobile operator and names
            another.
    """
    texts = dict(_texts(mail))
    for place, text in texts.items():
        for number in _iccids(text):
            msg = (
                f"notice {notice.key} holds an ICCID that is not masked in its {place}: "
                f"{mask_iccid(number)}"
            )
            raise BadInput(msg)
    if notice.party == "mobile_operator":
        people = [recipient.name for recipient in notice.recipients]
        own, others = _names_to_find(connection, notice.slug, people, ordinary_words)
        for place, text in texts.items():
            for name in _found(words_of(text), own, others):
                msg = (
                    f"notice {notice.key} is for {notice.slug} and names {others[name]} in its "
                    f"{place}: {' '.join(name)!r}; if that is an ordinary word, list it in "
                    "ordinary_words of notices.yaml"
                )
                raise BadInput(msg)


def others_named_in(connection: Connection, slug: str, text: str) -> list[str]:
    """
    List the other mobile operators a text names, which no mail to this one may.

    Args:
        connection: A read; every mobile operator on record is in it.
        slug: The one the text is to be told to.
        text: What is to be told.
    """
    ordinary_words = program_policy().notices.ordinary_words
    own, others = _names_to_find(connection, slug, (), ordinary_words)
    return sorted({others[name] for name in _found(words_of(text), own, others)})


def words_of(text: str) -> Words:
    """Split text into its words, alike for every way of writing the same letters."""
    return tuple(_WORD.findall(_plain(text).casefold()))


def _plain(text: str) -> str:
    """Undo what only looks different: compatibility forms, and characters nobody sees."""
    shown = unicodedata.normalize("NFKC", text)
    return (
        shown if shown.isascii() else "".join(c for c in shown if unicodedata.category(c) != "Cf")
    )


def _texts(mail: EmailMessage) -> Iterator[tuple[str, str]]:
    for name in ("Subject", "To", "From"):
        yield name, str(mail[name])
    for part in mail.walk():
        filename = part.get_filename()
        called = f"attachment {filename}" if filename else part.get_content_type()
        if filename:
            yield "attachment's name", filename
        if _TEXT_TYPES.fullmatch(part.get_content_type()):
            content = part.get_payload(decode=True)
            text = content.decode(errors="replace") if isinstance(content, bytes) else ""
            yield called, html.unescape(text)


def _iccids(text: str) -> Iterator[str]:
    """Find digits that may be an ICCID: 18 or more from 89 on, in one piece or in groups."""
    for match in _ICCID_LIKE.finditer(_plain(text)):
        groups = re.split("[ -]", match.group())
        if len("".join(groups)) >= _SHORTEST_ICCID and all(
            len(group) >= _SHORTEST_GROUP for group in groups[:-1]
        ):
            yield match.group()


def _names_to_find(
    connection: Connection,
    slug: str | None,
    people: Iterable[str],
    ordinary_words: Collection[str],
) -> tuple[frozenset[Words], dict[Words, str]]:
    """Return the names these people may read, and each name they may not with its owner."""
    own = {words_of(name) for name in people}
    others: dict[Words, str] = {}
    for version in newest_versions(connection):
        if version.slug == slug:
            own |= _names_of(version)
            own |= {words_of(name) for name in _people(version.mobile_operator)}
        else:
            others |= dict.fromkeys(_names_of(version), version.slug)
    ordinary = {*ordinary_words, *_template_words()}
    foreign = {
        name: slug
        for name, slug in others.items()
        if name not in own and (len(name) > 1 or _is_name(name[0], ordinary))
    }
    return frozenset(own), foreign


def _is_name(word: str, ordinary: Collection[str]) -> bool:
    return len(word) >= _SHORTEST_NAME and word not in ordinary


def _found(words: Words, own: Collection[Words], others: Collection[Words]) -> Iterator[Words]:
    """Yield each of the others' names in a text, the longest name at each place."""
    by_first: dict[str, list[Words]] = {}
    for name in {*own, *others} - {()}:
        by_first.setdefault(name[0], []).append(name)
    position = 0
    while position < len(words):
        here = [
            name
            for name in by_first.get(words[position], ())
            if words[position : position + len(name)] == name
        ]
        longest = max(here, key=len, default=())
        if longest in others:
            yield longest
        position += max(len(longest), 1)


def _names_of(version: MobileOperatorVersion) -> frozenset[Words]:
    """Return every name, address, phone and host a record is known by, word by word."""
    if version.document_hash not in _names_read:
        known = frozenset(words_of(name) for name in _names(version.mobile_operator))
        _names_read[version.document_hash] = known - {()}
    return _names_read[version.document_hash]


def _names(one: MobileOperator) -> Iterator[str]:
    yield from (one.slug, one.name, one.legal_name, one.brand.display_name, *one.other_names)
    support = one.customer_support
    contacts = [contact for role in _roles(one) for contact in role]
    yield from (contact.email for contact in contacts)
    yield from filter(None, (contact.phone for contact in contacts))
    yield from filter(None, (support.email, support.phone))
    portals = filter(None, (one.portals.production, one.portals.staging))
    uris = [portal.uri for portal in portals] + [one.notification_uri, support.website or ""]
    yield from filter(None, (urlsplit(uri).hostname for uri in uris))


def _people(one: MobileOperator) -> Iterator[str]:
    yield one.customer_support.name
    yield from (contact.name for role in _roles(one) for contact in role)


def _roles(one: MobileOperator) -> Iterator[tuple[Contact, ...]]:
    by_role = one.contacts
    yield from (getattr(by_role, role.name) for role in fields(by_role))


def _template_words() -> frozenset[str]:
    return frozenset(word for source in template_sources() for word in words_of(source))
