"""TLS and basic authentication: the file, and who gets in."""

import asyncio
import base64
import threading
from pathlib import Path

import bcrypt
import httpx
import pytest
import trustme
from pydantic import SecretStr
from starlette.responses import PlainTextResponse

from exporter.errors import ConfigError
from exporter.web.security import Guard, Security
from exporter.web.users import Busy, Users
from exporter.web.webconfig import WebSettings, load_web_config

HASH = bcrypt.hashpw(b"passw0rd", bcrypt.gensalt(4)).decode()
LONG = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def write_certificate(folder: Path, name: str = "localhost", ca: trustme.CA | None = None) -> trustme.CA:
    """Put cert.pem, key.pem and ca.pem into the folder."""
    ca = ca or trustme.CA()
    made = ca.issue_cert(name)
    (folder / "cert.pem").write_bytes(made.cert_chain_pems[0].bytes())
    (folder / "key.pem").write_bytes(made.private_key_pem.bytes())
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    return ca


def problem_with(folder: Path, text: str) -> str:
    (folder / "web.yml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_web_config(folder / "web.yml")
    return str(caught.value).replace(str(folder), "FOLDER")


TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tls_server_config: {cert_file: cert.pem}", "tls_server_config: key_file, or key, is missing"),
        (TLS + ", min_version: TLS11}", "tls_server_config.min_version: must be 'TLS12' or 'TLS13'"),
        (
            TLS + ", min_version: TLS13, max_version: TLS12}",
            "tls_server_config: min_version must not be above max_version",
        ),
        (
            TLS + ", client_ca_file: ca.pem}",
            "tls_server_config: client_ca_file and a client_auth_type that verifies belong together",
        ),
        (
            TLS + ", client_auth_type: RequireAndVerifyClientCert}",
            "tls_server_config: client_ca_file and a client_auth_type that verifies belong together",
        ),
        (
            TLS + ", cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_RSA_WITH_RC4_128_SHA]}",
            "tls_server_config.cipher_suites[1]: is not one of the secure cipher suites of Go's crypto/tls",
        ),
        (
            TLS + ", cipher_suites: [TLS_AES_128_GCM_SHA256]}",
            "tls_server_config: cipher_suites names none of TLS 1.2; add one, or set min_version: TLS13",
        ),
        (
            TLS + ", curve_preferences: [P256]}",
            "tls_server_config.curve_preferences: 'P256' is none of CurveP256, CurveP384, CurveP521, X25519",
        ),
        (
            TLS + ", curve_preferences: [X25519, CurveP256]}",
            "tls_server_config.curve_preferences: may name one curve only: Python's TLS knows no order of several",
        ),
        (
            TLS + ", client_auth_type: Whatever}",
            "tls_server_config.client_auth_type: "
            "must be NoClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert",
        ),
        *(
            (
                TLS + f", client_ca_file: ca.pem, client_auth_type: {kind}}}",
                f"tls_server_config.client_auth_type: {kind} takes certificates that nobody vouches for; status-exporter "
                "verifies each that it asks for: write RequireAndVerifyClientCert, or VerifyClientCertIfGiven",
            )
            for kind in ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
        ),
        (
            TLS
            + ", client_ca_file: ca.pem, client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [a]}",
            "tls_server_config: client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert",
        ),
        (TLS + ", cert: SECRET}", "tls_server_config: cert and cert_file exclude each other"),
        (TLS + ", key: SECRET}", "tls_server_config: key and key_file exclude each other"),
        (
            "tls_server_config: {cert_file: cert.pem, key: SECRET}",
            "tls_server_config: a file holds no PEM certificate, or the key is locked or doesn't fit",
        ),
        ("rate_limit: {interval: 1s}", "rate_limit: with a burst of 0 no request would ever be answered"),
        (
            "rate_limit: {interval: 1, burst: 1}",
            "rate_limit.interval: must be a duration such as 30s or 1h30m, did you mean 1s?",
        ),
        ("rate_limit: {interval: 1s, burst: -1}", "rate_limit.burst: must be at least 0"),
        (
            "basic_auth_users: {a: SECRET}",
            "basic_auth_users.a: must be a bcrypt hash, as htpasswd -nB prints it",
        ),
        (
            f"basic_auth_users: {{a: {HASH.replace('$04$', '$99$')}}}",
            "basic_auth_users.a: must be a bcrypt hash, as htpasswd -nB prints it",
        ),
        (
            f"basic_auth_users: {{a: {HASH.replace('$04$', '$15$')}}}",
            "basic_auth_users.a: has a cost above 14: each comparison would take seconds; 10 is usual",
        ),
        (
            'http_server_config: {headers: {X-Frame-Options: "a\\nb"}}',
            "http_server_config.headers.X-Frame-Options: must match pattern '^[ -~]*$'",
        ),
        ("basic_auth: {}", "basic_auth: unknown key, did you mean basic_auth_users?"),
        (
            "tls_server_config: {cert_file: none.pem, key_file: key.pem}",
            "tls_server_config.cert_file: FOLDER/none.pem can't be read: No such file or directory",
        ),
        (
            "tls_server_config: {cert_file: key.pem, key_file: key.pem}",
            "tls_server_config: a file holds no PEM certificate, or the key is locked or doesn't fit",
        ),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, text: str, message: str) -> None:
    """The file is as strict as the configuration: one message with flag and place, and no secret in it."""
    write_certificate(tmp_path)

    said = problem_with(tmp_path, text)

    assert said == f"--web.config.file: {message}"


def test_headers_of_the_toolkit_only(tmp_path: Path) -> None:
    """Only the headers that the toolkit allows can be set; an empty one is not sent."""
    assert "http_server_config.headers.Server" in problem_with(
        tmp_path, "http_server_config: {headers: {Server: x}}"
    )
    (tmp_path / "web.yml").write_text(
        "http_server_config: {http2: true, headers: {X-Frame-Options: deny, X-XSS-Protection: ''}}"
    )
    assert load_web_config(tmp_path / "web.yml").headers == {"X-Frame-Options": "deny"}


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    """As with the toolkit an empty file, and none at all, mean neither TLS nor users."""
    (tmp_path / "web.yml").write_text("")

    for path in (tmp_path / "web.yml", None):
        settings = load_web_config(path)
        assert (settings.users, settings.headers, settings.context) == ({}, {}, None)


@pytest.mark.parametrize(
    ("authorization", "admitted"),
    [
        pytest.param(basic("anna", "passw0rd"), True, id="right"),
        pytest.param(basic("anna", "passw0rd").replace("Basic", "bAsIc"), True, id="scheme in any case"),
        pytest.param(basic("anna", "Passw0rd"), False, id="wrong password"),
        pytest.param(basic("anna", ""), False, id="no password"),
        pytest.param(basic("anna", "passw0rd\0x"), False, id="zero byte"),
        pytest.param(basic("olga", "passw0rd"), False, id="unknown user"),
        pytest.param(basic("long", "x" * 100), True, id="longer than bcrypt looks"),
        pytest.param("Bearer passw0rd", False, id="another scheme"),
        pytest.param("Basic !!!", False, id="not base64"),
        pytest.param("Basic /w==", False, id="not UTF-8"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_only_known_users_get_in(authorization: str, admitted: bool) -> None:
    """Nothing but the right password of a known user is admitted, however odd the header, the second time too."""
    users = Users({"anna": SecretStr(HASH), "long": SecretStr(LONG)})

    async def asked() -> list[bool]:
        return [await users.admit(authorization) for _ in range(2)]

    assert asyncio.run(asked()) == [admitted, admitted]


def test_without_users_everyone_gets_in() -> None:
    """No user named means no authentication."""
    assert asyncio.run(Users({}).admit(""))


def test_a_flood_of_passwords_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered of answers is bounded, and the right password still works after many wrong ones."""
    monkeypatch.setattr("exporter.web.users._MOST_REMEMBERED", 3)
    users = Users({"anna": SecretStr(HASH)})

    async def asked() -> list[bool]:
        await users.admit(basic("anna", "passw0rd"))
        wrong = await asyncio.gather(*(users.admit(basic("anna", f"{n}"), f"client {n}") for n in range(10)))
        return [*wrong, await users.admit(basic("anna", "passw0rd"))]

    assert asyncio.run(asked()) == [False] * 10 + [True]
    assert (len(users._refused), len(users._admitted), users._waiting) == (3, 1, {})


def test_a_known_password_waits_for_no_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """While passwords of others are compared, who was admitted before is admitted at once, wherever they come from."""
    users = Users({"anna": SecretStr(HASH)})
    compared = threading.Event()
    compare = bcrypt.checkpw

    async def scene() -> tuple[bool, list[bool]]:
        await users.admit(basic("anna", "passw0rd"))
        monkeypatch.setattr(bcrypt, "checkpw", lambda *pair: compared.wait(10) and compare(*pair))
        others = [asyncio.create_task(users.admit(basic("x", str(n)), f"client {n}")) for n in range(60)]
        await asyncio.sleep(0.01)
        known = await asyncio.wait_for(users.admit(basic("anna", "passw0rd"), "client 1"), 5)
        assert not compared.is_set()
        compared.set()
        return known, await asyncio.gather(*others)

    assert asyncio.run(scene()) == (True, [False] * 60)


def test_one_client_may_not_have_many_passwords_compared() -> None:
    """Further ones are put off at once; another client's turn comes all the same."""
    users = Users({"anna": SecretStr(HASH)})

    async def scene() -> tuple[int, bool]:
        greedy = [asyncio.create_task(users.admit(basic("anna", str(n)), "greedy")) for n in range(100)]
        await asyncio.sleep(0)
        admitted = await users.admit(basic("anna", "passw0rd"), "modest")
        answers = await asyncio.gather(*greedy, return_exceptions=True)
        return sum(isinstance(answer, Busy) for answer in answers), admitted

    assert asyncio.run(scene()) == (96, True)


def test_who_waits_is_told_to_come_later(tmp_path: Path) -> None:
    """A client with too many passwords waiting gets 429 and when to ask again."""
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{anna: '{HASH}'}}")
    security = Security(tmp_path / "web.yml")
    guard = Guard(PlainTextResponse("in"), security)

    async def scene() -> list[tuple[int, str | None]]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://x") as client:
            headers = [{"Authorization": basic("anna", str(number))} for number in range(10)]
            answers = await asyncio.gather(*(client.get("/", headers=each) for each in headers))
        return [(answer.status_code, answer.headers.get("Retry-After")) for answer in answers]

    found = asyncio.run(scene())
    assert (found.count((401, None)), found.count((429, "1"))) == (4, 6)


def test_an_unknown_user_costs_as_much_as_the_costliest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of an answer doesn't tell who is a user."""
    costly = bcrypt.hashpw(b"x", bcrypt.gensalt(6)).decode()
    compared: list[bytes] = []

    def compare(password: bytes, known: bytes) -> bool:
        compared.append(known[4:6])
        return False

    monkeypatch.setattr(bcrypt, "checkpw", compare)

    asyncio.run(Users({"anna": SecretStr(HASH), "olga": SecretStr(costly)}).admit(basic("nobody", "x")))

    assert compared == [b"06"]


def test_what_is_known_outlives_a_renewal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new certificate makes nobody wait; a changed hash makes its own password unknown, and only that."""
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{anna: '{HASH}', long: '{LONG}'}}")
    security = Security(web)
    anna, long = basic("anna", "passw0rd"), basic("long", "x" * 72)

    async def asked() -> list[bool]:
        return [await security.users.admit(each) for each in (anna, long)]

    assert asyncio.run(asked()) == [True, True]
    web.write_text(f"basic_auth_users: {{anna: '{LONG}', long: '{LONG}'}}")
    security.renew()
    compared: list[bytes] = []

    def compare(password: bytes, known: bytes) -> bool:
        compared.append(password)
        return False

    monkeypatch.setattr(bcrypt, "checkpw", compare)
    assert asyncio.run(asked()) == [False, True]
    assert compared == [b"passw0rd"]


def test_an_answer_has_the_headers_of_the_file(tmp_path: Path) -> None:
    """Configured headers stand in every answer, refusals included, and a refusal asks for credentials."""
    (tmp_path / "web.yml").write_text(
        f"basic_auth_users: {{anna: '{HASH}'}}\nhttp_server_config: {{headers: {{X-Frame-Options: deny}}}}"
    )
    guard = Guard(PlainTextResponse("in"), Security(tmp_path / "web.yml"))

    async def asked(headers: dict[str, str]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://x") as client:
            return await client.get("/", headers=headers)

    refused = asyncio.run(asked({}))
    admitted = asyncio.run(asked({"Authorization": basic("anna", "passw0rd")}))

    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Basic")
    assert (admitted.status_code, admitted.text) == (200, "in")
    assert refused.headers["X-Frame-Options"] == admitted.headers["X-Frame-Options"] == "deny"


def test_renewing_keeps_the_old_on_a_mistake(tmp_path: Path) -> None:
    """After a bad file users and certificates are as before; TLS can't be turned off while running."""
    write_certificate(tmp_path)
    web = tmp_path / "web.yml"
    web.write_text(TLS + f"}}\nbasic_auth_users: {{anna: '{HASH}'}}")
    security = Security(web)
    before = (security.users, asyncio.run(security.context()))

    for text in ("basic_auth_users: 1", "basic_auth_users: {}", TLS.replace("key.pem", "cert.pem") + "}"):
        web.write_text(text)
        with pytest.raises(ConfigError):
            security.renew()
        assert before == (security.users, asyncio.run(security.context()))

    web.write_text(TLS + "}")
    security.renew()
    assert asyncio.run(security.users.admit(""))


def test_a_mount_that_hangs_holds_no_handshake_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nobody can say whether the files have changed, clients are greeted as before, and later as told then."""
    monkeypatch.setattr("exporter.web.security._PATIENCE", 0.1)
    write_certificate(tmp_path)
    (tmp_path / "web.yml").write_text(TLS + "}")
    security = Security(tmp_path / "web.yml")
    before, answers = security._settings.context, threading.Event()
    signature = WebSettings.signature
    monkeypatch.setattr(WebSettings, "signature", lambda settings: answers.wait(60) and signature(settings))
    write_certificate(tmp_path)

    async def scene() -> None:
        for _ in range(3):
            assert await security.context() is before
        answers.set()
        assert security._looking
        await security._looking
        assert await security.context() is not before

    asyncio.run(scene())
