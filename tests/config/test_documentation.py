"""docs/configuration.md and the examples say exactly what the code knows."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo

from exporter.cli import _parser
from exporter.config import Tls
from exporter.errors import ConfigError
from exporter.sources.connections.kinds import KINDS
from exporter.sources.connections.settings import ConnectionOptions
from exporter.sources.consul.environment import SWITCHES
from exporter.sources.consul.settings import URL_RULES, Consul, ServiceFilter, UrlRule
from exporter.sources.providers import PROVIDERS
from exporter.sources.providers.settings import ProviderSettings
from exporter.sources.registry import SOURCE_KINDS
from exporter.web.ratelimit import RateLimit
from exporter.web.tls import TlsServer
from exporter.web.webconfig import HttpServer, WebConfig

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()
# All keys of the file, whichever kind of source they belong to.
FILE: type[BaseModel] = type("File", tuple(kind.File for kind in SOURCE_KINDS), {})
SECTIONS: dict[str, type[BaseModel]] = {
    "The file": FILE,
    "consul": Consul,
    "services": ServiceFilter,
    "service_url_rules": UrlRule,
    "tls": Tls,
    "connections": ConnectionOptions,
    "connections_from": ProviderSettings,
    "Web configuration": WebConfig,
    "tls_server_config": TlsServer,
    "http_server_config": HttpServer,
    "rate_limit": RateLimit,
    **{f"kind: {name}": kind.Options for name, kind in KINDS.items()},
    **{f"provider: {name}": made[0] for name, made in PROVIDERS.items()},
}
EXAMPLES = sorted((ROOT / "examples").glob("*.yml"))


def rows(heading: str) -> dict[str, str]:
    """Setting and default of each row of the first table below a heading."""
    below = re.split(rf"^#+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1]
    table = re.split(r"^#+ ", below, flags=re.MULTILINE)[0]
    found = re.findall(r"^\| `([^`]+)` \| (.*) \|$", table, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")][-2] for name, rest in found}


def settings(heading: str) -> dict[str, Any]:
    """The fields that belong there: of a kind its own, of the rest all."""
    model = SECTIONS[heading]
    own = (
        model.__annotations__.keys() - {"kind", "provider"} if ": " in heading else model.model_fields.keys()
    )
    return {name: model.model_fields[name] for name in own}


def default_of(heading: str, name: str, text: str | None) -> object:
    """The value of a setting when the file says `text`, or nothing."""
    if heading.startswith("kind: ") or SECTIONS[heading] in (TlsServer, RateLimit):
        return alone(settings(heading)[name], text)
    required: dict[str, dict[str, Any]] = {
        "consul": {"name": "a"},
        "service_url_rules": {"url": "http://a"},
        "connections": {"id": "a", "kind": "a"},
        "connections_from": {"name": "a", "provider": "a"},
        "provider: files": {"name": "a", "provider": "files", "files": ["a"]},
        "provider: http": {"name": "a", "provider": "http", "url": "http://a"},
        "provider: sql": {"name": "a", "provider": "sql", "query": "SELECT 1"},
    }
    base = required.get(heading, {})
    raw = {**base, **({} if text is None else {name: yaml.safe_load(text)})}
    return getattr(SECTIONS[heading].model_validate(raw), name)


def alone(field: FieldInfo, text: str | None) -> object:
    """The value of one setting without those beside it."""
    if text is None:
        return field.get_default(call_default_factory=True)
    setting: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    adapter: TypeAdapter[object] = TypeAdapter(setting, config=ConfigDict(strict=True))
    return adapter.validate_python(yaml.safe_load(text))


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_setting_is_in_its_table(heading: str) -> None:
    """Each table has the settings of its section, all of them and no other."""
    assert rows(heading).keys() == settings(heading).keys()


@pytest.mark.parametrize(
    ("heading", "name"), [(heading, name) for heading in SECTIONS for name in sorted(rows(heading))]
)
def test_every_default_is_the_real_one(heading: str, name: str) -> None:
    """A default in a table is what the setting has when it is not set; "required" means that it must be."""
    told, field = rows(heading)[name], settings(heading)[name]

    assert (told == "required") == field.is_required()
    if told.startswith("`"):
        assert default_of(heading, name, told.strip("`")) == default_of(heading, name, None)
    elif told == "–":
        assert default_of(heading, name, None) in (None, Tls(), ServiceFilter(), HttpServer(), RateLimit())


def test_the_rules_of_urls_are_the_real_ones() -> None:
    """The example of rules shows those that are in force when there are none."""
    below = PAGE.split("\n### service_url_rules\n")[1]
    (shown,) = yaml.safe_load(below.split("```yaml\n")[1].split("```")[0])["consul"]

    assert Consul.model_validate(shown).service_url_rules == URL_RULES


def test_flags_and_variables_are_complete() -> None:
    """The tables of flags and variables name each one, with its default."""
    flags = {
        action.option_strings[-1]: action.default
        for action in _parser()._actions
        if action.option_strings[-1] != "--help"
    }
    told = dict(re.findall(r"^\| `(--[a-z.-]+)` \| (\S+) \|", PAGE, re.MULTILINE))

    assert told.keys() == flags.keys()
    assert {name: f"`{default}`" for name, default in flags.items() if told[name] != "–"} == {
        name: default for name, default in told.items() if default != "–"
    }
    named = {name for kind in SOURCE_KINDS for name in kind.variables.values()}
    variables = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert variables == {*named, *SWITCHES}


def yaml_texts() -> Iterator[tuple[str, str]]:
    """Every YAML text of the documentation, but for the kind that is yet to be written, and every example."""
    for page in sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "docs/adding-a-kind.md"}):
        blocks = re.findall(r"^( *)```yaml\n(.*?)^ *```$", page.read_text(), re.DOTALL | re.MULTILINE)
        for number, (indent, block) in enumerate(blocks):
            yield f"{page.relative_to(ROOT)} {number}", re.sub(f"^{indent}", "", block, flags=re.MULTILINE)
    for example in EXAMPLES:
        yield str(example.relative_to(ROOT)), example.read_text()


def problems(content: Mapping[str, Any]) -> str:
    """What is wrong with a configuration or web configuration; "" as well for YAML of other programs."""
    try:
        if content.keys() & FILE.model_fields.keys():
            for kind in SOURCE_KINDS:
                kind.read({name: value for name, value in content.items() if name in kind.File.model_fields})
        elif content.keys() & WebConfig.model_fields.keys():
            WebConfig.model_validate(content)
    except (ConfigError, ValueError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in yaml_texts()])
def test_every_example_can_be_used(text: str) -> None:
    """What the documentation and the examples show is accepted as it stands."""
    content = yaml.safe_load(text)

    assert problems(content if isinstance(content, Mapping) else {}) == ""


def test_the_documentation_has_examples() -> None:
    """There are examples to try, so that the test above can find something."""
    names = [name for name, _ in yaml_texts()]

    assert {"README.md 0", "docs/configuration.md 0", "docs/configuration.md 2", "examples/full.yml"} <= {
        *names
    }


def test_the_full_example_has_every_setting() -> None:
    """examples/full.yml names each setting of each section, if only in a comment."""
    text = (ROOT / "examples" / "full.yml").read_text()
    named = set(re.findall(r"^[ #-]*([a-z_]+):", text, re.MULTILINE))
    wanted = {
        name
        for heading in SECTIONS
        if SECTIONS[heading] not in (WebConfig, TlsServer, HttpServer, RateLimit)
        for name in settings(heading)
    }

    assert wanted - named == set()
