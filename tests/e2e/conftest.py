import pytest


@pytest.fixture(scope="session")
def base_url():
    """Addresses come from `live_server`; the plugin's own fixture is one that pytest warns of."""
