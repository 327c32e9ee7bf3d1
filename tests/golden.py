"""
Mails held against files: what people read is reviewed as text, and changes only on purpose.

``UPDATE_GOLDEN=1`` writes what was rendered instead of comparing it.
"""

import os
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from include.mobile_plans.notices.message import Rendered

GOLDEN = Path(__file__).parent / "golden"


def rendered_of(message: bytes) -> Rendered:
    """Read subject, text and HTML back from a mail as it lies in the outbox."""
    mail = message_from_bytes(message, policy=default)
    bodies = {kind: mail.get_body((kind,)) for kind in ("plain", "html")}
    assert bodies["plain"] is not None
    assert bodies["html"] is not None
    return Rendered(
        subject=mail["Subject"],
        text=_lines(bodies["plain"].get_content()),
        html=_lines(bodies["html"].get_content()),
    )


def _lines(text: str) -> str:
    """End every line as files here do, however it was sent."""
    return text.replace("\r\n", "\n")


def assert_golden(name: str, rendered: Rendered) -> None:
    """Compare a rendered mail with ``tests/golden/<name>/``."""
    parts = {
        "subject.txt": rendered.subject + "\n",
        "body.txt": rendered.text,
        "body.html": rendered.html,
    }
    for part, text in parts.items():
        assert_golden_file(f"{name}/{part}", text)


def assert_golden_file(name: str, text: str) -> None:
    """Compare a text with the file ``tests/golden/<name>``; lines end as files here do."""
    path, text = GOLDEN / name, _lines(text)
    if os.environ.get("UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"{path} is missing: UPDATE_GOLDEN=1 writes it, then read it"
    assert text == path.read_text(), f"{path} differs: UPDATE_GOLDEN=1 rewrites it"
