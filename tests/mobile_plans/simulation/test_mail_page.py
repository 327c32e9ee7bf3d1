from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from include.mobile_plans.simulation.mail_folder import MailFolder
from include.mobile_plans.simulation.mail_page import MAILS_PER_PAGE, mail_page

ATTACK = "<script>alert(1)</script>"


@pytest.fixture
def folder(tmp_path: Path) -> MailFolder:
    return MailFolder(tmp_path)


@pytest.fixture
def page(folder: MailFolder) -> TestClient:
    return TestClient(mail_page(folder), base_url="http://localhost")


def keep(folder: MailFolder, now: datetime, subject: str = ATTACK) -> str:
    mail = EmailMessage()
    mail["From"] = "Mobile Plans <notices@mobileplans.example>"
    mail["To"] = f"{ATTACK} <noc@contoso.example>"
    mail["Subject"] = subject
    mail.set_content(f"text {ATTACK}")
    mail.add_alternative(
        f'<!doctype html><html><HEAD lang="en"></HEAD><body>{ATTACK}<img src="cid:one">', "html"
    )
    mail.get_payload()[1].add_related(b"PNG", "image", "png", cid="<one>", filename="c.png")
    mail.add_attachment(b"<script>", maintype="text", subtype="html", filename=f"{ATTACK}.html")
    return folder.save(
        mail.as_bytes(), sender="b@mobileplans.example", recipients=["noc@contoso.example"], now=now
    ).stem


def test_an_empty_folder_has_a_page(page: TestClient) -> None:
    assert "No mail yet" in page.get("/").text


def test_the_list_and_a_mail_escape_what_came_by_mail(
    page: TestClient, folder: MailFolder, now: datetime
) -> None:
    """Subjects, addresses, texts and file names of a mail are text, never markup."""
    name = keep(folder, now)
    for path in ("/", f"/mails/{name}"):
        answer = page.get(path)
        assert ATTACK not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_html_is_framed_without_scripts_and_loads_nothing(
    page: TestClient, folder: MailFolder, now: datetime
) -> None:
    """The frame and the document's own policy both forbid scripts, forms and every request."""
    name = keep(folder, now)
    outer = page.get(f"/mails/{name}").text
    assert (
        f'src="/mails/{name}/html" sandbox="allow-popups allow-popups-to-escape-sandbox"' in outer
    )
    inner = page.get(f"/mails/{name}/html")
    policy = inner.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert '<HEAD lang="en"><base target="_blank">' in inner.text
    assert 'src="data:image/png;base64,UE5H"' in inner.text


def test_attachments_are_downloads_whatever_they_claim_to_be(
    page: TestClient, folder: MailFolder, now: datetime
) -> None:
    """An attached HTML page is never opened under the address of the mail page."""
    name = keep(folder, now)
    answer = page.get(f"/mails/{name}/attachments/2")
    assert answer.content == b"<script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == 'attachment; filename="script_.html"'
    whole = page.get(f"/mails/{name}/file")
    assert whole.content == (folder.path / f"{name}.eml").read_bytes()


def test_mails_are_found_by_subject_or_address(
    page: TestClient, folder: MailFolder, now: datetime
) -> None:
    keep(folder, now, subject="Contoso is live")
    keep(folder, now + timedelta(seconds=1), subject="Fabrikam is live")
    found = page.get("/", params={"q": "fabrikam"}).text
    assert "Fabrikam is live" in found
    assert "Contoso is live" not in found
    assert "2 mails" in page.get("/", params={"q": "NOC@contoso"}).text


def test_a_long_list_has_pages(page: TestClient, folder: MailFolder, now: datetime) -> None:
    for number in range(MAILS_PER_PAGE + 1):
        keep(folder, now + timedelta(seconds=number), subject=f"Number {number}.")
    assert "Number 0." not in page.get("/").text
    assert "Number 0." in page.get("/", params={"page": 2}).text
    assert page.get("/", params={"page": "x"}).status_code == 200


def test_mails_as_data(page: TestClient, folder: MailFolder, now: datetime) -> None:
    name = keep(folder, now, subject="Contoso is live")
    assert page.get("/api/mails").json() == {
        "mails": [
            {
                "name": name,
                "received_at": "2026-11-23T10:00:00Z",
                "envelope_from": "b@mobileplans.example",
                "envelope_to": ["noc@contoso.example"],
                "subject": "Contoso is live",
                "message_id": None,
                "attachments": ["c.png", "script_.html"],
            }
        ]
    }


@pytest.mark.parametrize(
    "path",
    ["/mails/x", "/mails/..%2f..%2fetc%2fpasswd", "/mails/{name}/attachments/3", "/mails/x/html"],
)
def test_what_is_not_there_is_404(
    path: str, page: TestClient, folder: MailFolder, now: datetime
) -> None:
    name = keep(folder, now)
    assert page.get(path.format(name=name)).status_code == 404


def test_a_page_under_another_name_reads_nothing(folder: MailFolder) -> None:
    """A site that points its own name at this machine is refused."""
    stranger = TestClient(mail_page(folder), base_url="http://attacker.example")
    assert stranger.get("/api/mails").status_code == 400
