"""Certificates for one test run: an authority, and a server and a client that it has signed; good for ten days."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.processes import ServerMissing, run

DAYS: Final = "10"
NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM. ``other_ca`` has signed none of them; ``server_keystore`` has key and certificate in one."""

    ca: Path
    other_ca: Path
    server: Path
    server_key: Path
    server_keystore: Path
    client: Path
    client_key: Path
    client_keystore: Path


def make_certificates(folder: Path) -> Certificates:
    """Make them in the folder; raises ``ServerMissing`` where there is no ``openssl``."""
    if shutil.which("openssl") is None:
        raise ServerMissing("certificates for the tests need the program openssl (on Debian: apt install openssl)")
    folder.mkdir(exist_ok=True)
    for name in ("ca", "other-ca"):
        _new(folder, name, "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:false")
    _new(folder, "server", *signed, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    _new(folder, "client", *signed)
    for name in ("server", "client"):
        parts = [(folder / f"{name}{end}").read_text() for end in (".key", ".pem")]
        (folder / f"{name}-keystore.pem").write_text("".join(parts))
    return certificates_in(folder)


def certificates_in(folder: Path) -> Certificates:
    """The certificates that were made in the folder."""
    names = ("ca.pem", "other-ca.pem", "server.pem", "server.key", "server-keystore.pem")
    return Certificates(*(folder / name for name in (*names, "client.pem", "client.key", "client-keystore.pem")))


def _new(folder: Path, name: str, *options: str) -> None:
    files = ("-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=workorders tests {name}")
    run(["openssl", "req", "-x509", *NEW_KEY, "-days", DAYS, *files, *options], cwd=folder)
