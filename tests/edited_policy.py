"""The project's policy with some numbers changed, for tests that cannot wait a week."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from include.mobile_plans.simulation.local_airflow import PROJECT

Edits = Mapping[str, Mapping[str, str]]
"""By file, patterns and what replaces each."""


def edited_policy(folder: Path, edits: Edits) -> Path:
    """Copy the policy into a folder and change it; a pattern that fits nothing fails the test."""
    policy = folder / "policy"
    shutil.copytree(PROJECT / "include" / "policy", policy)
    for file, changes in edits.items():
        text = (policy / file).read_text()
        for pattern, replacement in changes.items():
            text, count = re.subn(pattern, replacement, text)
            assert count, f"{file} has nothing like {pattern}"
        (policy / file).write_text(text)
    return policy
