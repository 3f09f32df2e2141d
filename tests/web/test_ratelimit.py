"""How many requests are answered."""

import pytest

from exporter.web import ratelimit
from exporter.web.ratelimit import Bucket, RateLimit


class Clock:
    """Time that the test makes."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(ratelimit, "steady", made)
    return made


def limit(interval: object, burst: int) -> RateLimit:
    return RateLimit.model_validate({"interval": interval, "burst": burst})


def answered(bucket: Bucket, requests: int) -> int:
    return sum(bucket.refusal() is None for _ in range(requests))


def test_some_at_once_and_then_one_in_each_interval(clock: Clock) -> None:
    """After a burst each interval lets one more in; a long rest allows no more than a burst again."""
    bucket = Bucket(limit("2s", 5))

    assert answered(bucket, 9) == 5
    clock.now += 1
    assert answered(bucket, 9) == 0
    clock.now += 1
    assert answered(bucket, 9) == 1
    clock.now += 1000
    assert answered(bucket, 9) == 5


def test_who_comes_too_often_is_told_when_to_come_again(clock: Clock) -> None:
    """The answer is 429, with the seconds to wait."""
    bucket = Bucket(limit("1500ms", 1))
    bucket.refusal()

    refused = bucket.refusal()

    assert refused
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")


@pytest.mark.parametrize("interval", [0, "0", "0s"])
def test_no_interval_is_no_limit(clock: Clock, interval: object) -> None:
    """As with the toolkit."""
    assert answered(Bucket(limit(interval, 0)), 100) == 100


def test_a_reload_does_not_refill(clock: Clock) -> None:
    """Only another limit begins anew."""
    bucket = Bucket(limit("1s", 5))
    answered(bucket, 5)

    assert answered(bucket.renewed(limit("1s", 5)), 9) == 0
    assert answered(bucket.renewed(limit("1s", 3)), 9) == 3
