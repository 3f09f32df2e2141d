"""The listening socket."""

import socket

import pytest

from exporter.cli import Address
from exporter.errors import ConfigError
from exporter.web.listener import address_of, listening

BOTH = ["127.0.0.1", *(["::1"] if socket.has_dualstack_ipv6() else [])]


@pytest.mark.parametrize("host", BOTH)
def test_without_a_host_both_protocols_are_served(host: str) -> None:
    """On every interface IPv4 and, where there is one, IPv6 lead to the same socket."""
    with listening(Address("", 0)) as listener, socket.create_connection((host, listener.getsockname()[1])):
        listener.accept()[0].close()


@pytest.mark.parametrize("host", BOTH)
def test_an_address_is_written_as_in_a_url(host: str) -> None:
    """The address that was bound is said with its port, IPv6 in brackets."""
    with listening(Address(host, 0)) as listener:
        assert address_of(listener) == str(Address(host, listener.getsockname()[1]))


def test_a_name_that_nobody_has_is_a_mistake() -> None:
    """A host that can't be resolved is named with the reason."""
    with (
        pytest.raises(ConfigError, match=r"can't listen on nowhere\.invalid:80: "),
        listening(Address("nowhere.invalid", 80)),
    ):
        pass
