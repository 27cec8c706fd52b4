"""What the tests of the channels share: the certificates of this machine's receivers."""

import pytest

from tests.servers.certificates import Certificates, make_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority and a server that it has signed, made once."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
