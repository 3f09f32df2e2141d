"""When tokens end."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import ConnectionCheck, Display
from exporter.sources.connections.jwt import expiry_of
from exporter.sources.contract import ConnectionFindings, SourceId, SourceInfo
from exporter.state import PollResult, advance, first_state
from tests.connections.checking import answering, check

ACCEPTS, REFUSES, SILENT = answering(200, []), answering(401, {}), answering(503, {})


def jwt(claims: object) -> str:
    parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, "signature"))


EXPIRIES: dict[str, tuple[str, float | None]] = {
    "whole number": (jwt({"exp": 1_900_000_000}), 1_900_000_000.0),
    "fraction": (jwt({"exp": 1.5}), 1.5),
    "padding": (jwt({"exp": 1, "sub": "ab"}), 1.0),
    "none": (jwt({"sub": "a"}), None),
    "text": (jwt({"exp": "soon"}), None),
    "boolean": (jwt({"exp": True}), None),
    "infinite": (jwt({"exp": 1e400}), None),
    "negative": (jwt({"exp": -5}), None),
    "a list": (jwt([1]), None),
    "two parts": ("a.b", None),
    "no base64": ("a.!!.c", None),
    "no JSON": ("a.YQ.c", None),
    "an opaque token": ("5f2f5a9e-1c2b", None),
    "deep nesting": (f"a.{base64.urlsafe_b64encode(b'[' * 9000).decode()}.c", None),
}


@pytest.mark.parametrize(("token", "end"), EXPIRIES.values(), ids=EXPIRIES)
def test_a_jwt_says_when_it_ends(token: str, end: float | None) -> None:
    """The claim exp is read without verifying anything; whatever else a token is, it says nothing."""
    assert expiry_of(token) == end


@given(st.text())
def test_no_token_is_a_defect(token: str) -> None:
    """Any text is a token that ends, or one of which that is not known."""
    assert expiry_of(f"a.{token}.c") is None or expiry_of(token) is None


@pytest.mark.parametrize(("api", "end"), [(ACCEPTS, 1.9e9), (REFUSES, 1.9e9)])
def test_the_end_is_known_whatever_the_api_says_of_the_token(api: Any, end: float) -> None:
    """A token that was refused ends all the same; that it has ended may be why."""
    assert check(api, token=jwt({"exp": 1.9e9})).token_expires_at == end
    assert check(api, token="opaque").token_expires_at is None


def test_the_ends_stay_while_nobody_answers() -> None:
    """What was known stays while the API is unreachable, and goes with the token."""
    state = first_state(SourceInfo(SourceId("evotor", "a"), 60.0, 180.0, is_one_of_many=True))
    seen = []
    online = ConnectionCheck("a", "evotor", Display("a"), "online", token_expires_at=5.0, tls_expires_at=6.0)
    unreachable = ConnectionCheck("a", "evotor", Display("a"), "unreachable")
    for found in (online, unreachable, ConnectionCheck("a", "evotor", Display("a"), "not_connected")):
        state = advance(state, PollResult(1.0, 0.1, ConnectionFindings(found)), 1.0)
        assert state.connection
        seen.append((state.connection.check.token_expires_at, state.connection.check.tls_expires_at))
    assert seen == [(5.0, 6.0), (5.0, 6.0), (None, None)]
