from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from include.mobile_plans.errors import NaiveDatetime, NotFound
from include.mobile_plans.simulation.mail_folder import MailFolder, safe_file_name

HOSTILE = b"Subject: =?unknown-charset?Q?=FF?=\r\nFrom: <<<\r\nTo: a@b@c\r\n\r\n\xff\xfe body"


def a_mail(subject: str = "Contoso is live") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Mobile Plans <notices@mobileplans.example>"
    mail["To"] = "noc@contoso.example"
    mail["Subject"] = subject
    mail.set_content("Plain wörds.\n")
    mail.add_alternative('<p>Rich words</p><img src="cid:chart">', subtype="html")
    mail.get_payload()[1].add_related(b"PNG", "image", "png", cid="<chart>", filename="chart.png")
    mail.add_attachment(b"BEGIN", maintype="text", subtype="calendar", filename="../../x y.ics")
    return mail


def save(folder: MailFolder, raw: bytes, now: datetime) -> Path:
    return folder.save(
        raw, sender="bounces@mobileplans.example", recipients=["a@x.example"], now=now
    )


def test_a_mail_becomes_one_file_named_after_its_arrival_and_subject(
    tmp_path: Path, now: datetime
) -> None:
    """The newest mail is found by looking at the names."""
    file = save(MailFolder(tmp_path / "mails"), a_mail().as_bytes(), now)
    assert file.name == "20261123T100000.000000Z-contoso-is-live.eml"
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_mail_is_read_back_as_it_arrived(tmp_path: Path, now: datetime) -> None:
    """Text, HTML and every other part are told apart, and names of files are made safe."""
    folder = MailFolder(tmp_path)
    folder.save(
        a_mail().as_bytes(),
        sender="bounces@mobileplans.example",
        recipients=["noc@contoso.example", "blind@contoso.example"],
        now=now,
    )
    (mail,) = folder.all()
    assert mail.received_at == now
    assert mail.envelope_from == "bounces@mobileplans.example"
    assert mail.envelope_to == ("noc@contoso.example", "blind@contoso.example")
    assert mail.subject == "Contoso is live"
    assert mail.text == "Plain wörds.\n"
    assert "Rich words" in mail.html
    assert [(each.file_name, each.content) for each in mail.attachments] == [
        ("chart.png", b"PNG"),
        ("x_y.ics", b"BEGIN"),
    ]
    assert ("Subject", "Contoso is live") in mail.headers


def test_mails_of_one_instant_do_not_overwrite_each_other(tmp_path: Path, now: datetime) -> None:
    """Two mails with the same subject at the same microsecond are two files."""
    folder = MailFolder(tmp_path)
    for _ in range(3):
        save(folder, a_mail().as_bytes(), now)
    assert len(folder.names()) == 3


def test_the_newest_mail_comes_first(tmp_path: Path, now: datetime) -> None:
    folder = MailFolder(tmp_path)
    save(folder, a_mail("old").as_bytes(), now - timedelta(hours=1))
    save(folder, a_mail("new").as_bytes(), now)
    assert [mail.subject for mail in folder.all()] == ["new", "old"]


def test_a_hostile_mail_is_kept_and_shown(tmp_path: Path, now: datetime) -> None:
    """Headers no server should let through break neither the folder nor the reading."""
    folder = MailFolder(tmp_path)
    save(folder, HOSTILE, now)
    (mail,) = folder.all()
    assert "body" in mail.text
    assert len(mail.headers) == 6
    assert mail.attachments == ()


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    """Files that were not caught here are no mails."""
    (tmp_path / "notes.eml").write_text("Subject: mine\n\nhello")
    (tmp_path / ".20261123T100000.000000Z-x.part").write_text("unfinished")
    assert MailFolder(tmp_path).names() == []


@pytest.mark.parametrize(
    "name", ["../secret", "20261123T100000.000000Z-gone", ".hidden", "", "a/b", "notes"]
)
def test_a_name_that_is_no_mail_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "notes.eml").write_text("Subject: mine\n\nhello")
    with pytest.raises(NotFound):
        MailFolder(tmp_path).mail(name)


def test_a_naive_arrival_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NaiveDatetime):
        save(
            MailFolder(tmp_path),
            b"",
            datetime(2026, 11, 23, 10, 0, tzinfo=UTC).replace(tzinfo=None),
        )


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\x.exe", "x.exe"),
        (".bashrc", "bashrc"),
        ('a"\r\nSet-Cookie: b', "a_Set-Cookie_b"),
        ("...", ""),
        ("x" * 500, "x" * 120),
    ],
)
def test_file_names_from_mails_are_made_safe(given: str, safe: str) -> None:
    """No path, no dot file, nothing that breaks out of a header."""
    assert safe_file_name(given) == safe
