"""Files people dropped into the inbox and name in a form; never a path outside."""

import os
from hashlib import sha256
from pathlib import Path

from include.mobile_plans.errors import BadInput
from include.mobile_plans.launch.configuration import require_inside

INBOX_VARIABLE = "MOBILE_PLANS_INBOX"
MOST_BYTES = 1_000_000


def read_inbox_file(name: str) -> tuple[str, str]:
    """
    Return the text of a file in the inbox and its SHA-256.

    Raises:
        BadInput: There is no inbox or no such file in it, or it is no text of at most a megabyte.
    """
    folder = os.environ.get(INBOX_VARIABLE)
    if not folder:
        msg = f"this installation has no inbox: set {INBOX_VARIABLE}, or type the ranges"
        raise BadInput(msg)
    inbox = Path(folder).resolve()
    file = (inbox / require_inside(name)).resolve()
    if file.parent != inbox or not file.is_file():
        msg = f"there is no file {name!r} in the inbox"
        raise BadInput(msg)
    content = file.read_bytes()
    if len(content) > MOST_BYTES:
        msg = f"file {name!r} has {len(content)} bytes: at most {MOST_BYTES} are read"
        raise BadInput(msg)
    try:
        return content.decode(), sha256(content).hexdigest()
    except UnicodeDecodeError:
        msg = f"file {name!r} is not text: write one start-end per line"
        raise BadInput(msg) from None
