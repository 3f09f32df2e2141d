"""The environment's proxy variables: which request goes through which proxy, and what is only warned of."""

import pytest

from exporter.proxies import fault_in, from_environment

PROXY = "http://proxy:3128"


def leads(url: str, **environ: str) -> str:
    """The proxy to a URL, "" for none."""
    import httpx

    proxies, _ = from_environment(environ)
    parsed = httpx.URL(url)
    proxy = proxies.of(parsed.scheme, parsed.host, parsed.port)
    return proxy.get_secret_value() if proxy else ""


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://outside", {}, ""),
        ("http://outside", {"HTTP_PROXY": PROXY}, PROXY),
        ("https://outside", {"HTTP_PROXY": PROXY}, ""),
        ("https://outside", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://outside", {"https_proxy": PROXY, "HTTPS_PROXY": "http://other"}, PROXY),
        ("https://outside", {"https_proxy": " ", "HTTPS_PROXY": PROXY}, PROXY),
        ("https://outside", {"ALL_PROXY": "socks5://proxy:1080"}, "socks5://proxy:1080"),
        ("http://outside", {"all_proxy": PROXY, "http_proxy": "http://other"}, "http://other"),
        ("http://outside", {"http_proxy": "proxy:3128"}, PROXY),
        ("http://outside", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, ""),
        ("http://outside", {"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, PROXY),
        ("http://outside", {"HTTP_PROXY": "ftp://proxy"}, ""),
        ("http://outside", {"HTTP_PROXY": "http://me:secret@proxy:port"}, ""),
    ],
)
def test_the_variables_name_a_proxy(url: str, environ: dict[str, str], proxy: str) -> None:
    """Each scheme has its variable, small letters count more, ALL_PROXY fills what is left open."""
    assert leads(url, **environ) == proxy


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "LOCALHOST",
        "app.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "127.1",
        "2130706433",
        "0x7f000001",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[::]",
    ],
)
def test_this_machine_needs_no_proxy(host: str) -> None:
    """However loopback is written, a proxy of the environment never gets what is for it."""
    assert leads(f"http://{host}:8500/", ALL_PROXY=PROXY) == ""
    assert leads(f"http://{host}:8500/", ALL_PROXY=PROXY, NO_PROXY="elsewhere") == ""


@pytest.mark.parametrize(
    ("host", "no_proxy", "excepted"),
    [
        ("anything", "*", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "localhost,127.0.0.0/8,::1/128,10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.0/24 , 10.9.0.0/16", True),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("10.1.2.3:8500", "10.1.2.3:8500", True),
        ("10.1.2.3:8501", "10.1.2.3:8500", False),
        ("[fd00::5]", "fd00::/8", True),
        ("[fe00::5]", "fd00::/8", False),
        ("[fd00::5]", "fd00::5", True),
        ("[fd00::5]:8500", "[fd00::5]:8500", True),
        ("[fd00::5]:8501", "[fd00::5]:8500", False),
        ("[::ffff:10.1.2.3]", "10.0.0.0/8", True),
        ("10.1.2.3", "10.0.0.5/8", True),
        ("consul.example.com", "example.com", True),
        ("consul.example.com", ".example.com", True),
        ("consul.example.com", "*.example.com", True),
        ("example.com", "example.com", True),
        ("example.com", ".example.com", True),
        ("Example.COM.", "example.com", True),
        ("consul.example.com", "EXAMPLE.com.", True),
        ("badexample.com", "example.com", False),
        ("example.com.evil.net", "example.com", False),
        ("consul.example.com:8500", "example.com:8500", True),
        ("consul.example.com:8501", "example.com:8500", False),
        ("consul.example.com:80", "example.com:80", True),
        ("consul.example.com", "example.com:80", True),
        ("consul", "consul", True),
        ("consul", "a, b\tconsul", True),
        ("xn--e1afmkfd.example", "пример.example", True),
        ("пример.example", "xn--e1afmkfd.example", True),
        ("192.168.0.10", "10", False),
        ("consul", "", False),
    ],
)
def test_exceptions_are_those_of_other_programs(host: str, no_proxy: str, excepted: bool) -> None:
    """Ranges, leading dots, ports, the star, and blanks between entries mean what curl and Go take them for."""
    assert (leads(f"http://{host}/", HTTP_PROXY=PROXY, NO_PROXY=no_proxy) == "") == excepted
    assert (leads(f"http://{host}/", http_proxy=PROXY, no_proxy=no_proxy) == "") == excepted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "ftp://me:secret@proxy"),
        ("HTTPS_PROXY", "http://"),
        ("all_proxy", "http://me:secret@proxy:port"),
        ("ALL_PROXY", "http://me:secret@proxy:0"),
        ("https_proxy", "http://me:secret@[::1"),
        ("NO_PROXY", "10.0.0.0/99"),
        ("no_proxy", "10.*"),
        ("NO_PROXY", "http://example.com"),
        ("NO_PROXY", "fd00::/zz,example.com"),
        ("NO_PROXY", "a:b:c"),
    ],
)
def test_what_can_not_be_understood_is_a_warning(name: str, value: str) -> None:
    """The variable is named, a password never; everything else goes on."""
    proxies, problems = from_environment({name: value})

    assert [problem.place for problem in problems] == [name]
    assert "secret" not in f"{problems} {proxies!r}"
    assert proxies.of("http", "consul", 8500) is None


def test_what_docker_desktop_sets_is_understood() -> None:
    """The variables that containers are given on developers' machines give no warning."""
    _, problems = from_environment(
        {
            "NO_PROXY": "localhost,127.0.0.0/8,::1/128,hubproxy.docker.internal",
            "ALL_PROXY": "socks5://127.0.0.1:1080",
        }
    )

    assert problems == ()


@pytest.mark.parametrize("url", ["http://p", "https://p:1", "socks5://u:p@p:1", "socks5h://[::1]:1080"])
def test_addresses_of_proxies(url: str) -> None:
    """Nothing is wrong with these."""
    assert fault_in(url) == ""
