"""
A certificate for this machine's own names, and an authority to trust it by.

The authority's key signs once and is thrown away, and the authority is limited to loopback names:
trusting its certificate, which local clients do, cannot be turned against anybody.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from include.mobile_plans.instants import require_utc

LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
_ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCertificate:
    """Files in PEM: the authority clients trust, and the server's certificate and key."""

    authority: Path
    certificate: Path
    key: Path


def local_certificate(folder: Path, now: datetime) -> LocalCertificate:
    """
    Return the certificate kept in a folder, made anew when there is none or it ends soon.

    It is valid for ``localhost``, ``127.0.0.1`` and ``::1``, for 365 days.

    Args:
        folder: Where ``ca.pem``, ``portal.pem`` and ``portal.key`` are kept.
        now: The current instant.

    Raises:
        NaiveDatetime: ``now`` has no time zone.
    """
    files = LocalCertificate(
        authority=folder / "ca.pem",
        certificate=folder / "portal.pem",
        key=folder / "portal.key",
    )
    if not _still_good(files, require_utc(now)):
        folder.mkdir(parents=True, exist_ok=True)
        _write(files, require_utc(now))
    return files


def _still_good(files: LocalCertificate, now: datetime) -> bool:
    if not all(each.exists() for each in (files.authority, files.certificate, files.key)):
        return False
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    return now < certificate.not_valid_after_utc - RENEW_BEFORE


def _write(files: LocalCertificate, now: datetime) -> None:
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key, now)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key.public_key(), authority, authority_key, now)
    files.key.touch(mode=0o600)
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))


def _authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Mobile Plans, this machine only")])
    limits = x509.NameConstraints(
        permitted_subtrees=[
            x509.DNSName("localhost"),
            *(x509.IPAddress(ipaddress.ip_network(address)) for address in _ADDRESSES),
        ],
        excluded_subtrees=None,
    )
    return (
        _dated(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(limits, critical=True)
        .sign(key, hashes.SHA256())
    )


def _signed(
    key: ec.EllipticCurvePublicKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            *(x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES),
        ]
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    return (
        _dated(subject, authority.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, hashes.SHA256())
    )


def _dated(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
