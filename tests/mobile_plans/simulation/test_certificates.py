import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from include.mobile_plans.errors import NaiveDatetime
from include.mobile_plans.simulation.certificates import LIFETIME, RENEW_BEFORE, local_certificate


def test_a_certificate_is_kept_until_it_ends_soon(tmp_path: Path, now: datetime) -> None:
    """The same files serve until 30 days before their end, then there are new ones."""
    first = local_certificate(tmp_path, now).certificate.read_bytes()
    almost = now + LIFETIME - RENEW_BEFORE - timedelta(seconds=1)
    assert local_certificate(tmp_path, almost).certificate.read_bytes() == first
    later = local_certificate(tmp_path, now + LIFETIME - RENEW_BEFORE)
    assert later.certificate.read_bytes() != first


def test_a_lost_file_means_a_new_certificate(tmp_path: Path, now: datetime) -> None:
    first = local_certificate(tmp_path, now)
    before = first.certificate.read_bytes()
    first.authority.unlink()
    assert local_certificate(tmp_path, now).certificate.read_bytes() != before


def test_the_key_is_private_and_the_authority_cannot_sign_for_others(
    tmp_path: Path, now: datetime
) -> None:
    """No key of the authority is kept, and its certificate holds for loopback names only."""
    files = local_certificate(tmp_path, now)
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "ca.pem",
        "portal.key",
        "portal.pem",
    ]
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    limits = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert [str(each.value) for each in limits.value.permitted_subtrees or ()] == [
        "localhost",
        "127.0.0.1/32",
        "::1/128",
    ]


def test_a_naive_instant_is_refused(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(NaiveDatetime):
        local_certificate(tmp_path, now.replace(tzinfo=None))
