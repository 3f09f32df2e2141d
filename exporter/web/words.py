"""The words of the landing page, in the languages that a browser may ask for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says; `phrases`, `reasons` and `statuses` by key, `nouns` by table for 1, 2 to 4, and 5 of them.

    `units` takes the place of the letters of a duration.
    """

    code: str
    decline: tuple[str, str, str]
    statuses: Mapping[str, str]
    nouns: Mapping[str, tuple[str, str, str]]
    reasons: Mapping[str, str]
    phrases: Mapping[str, str]
    units: Mapping[str, str]

    def form(self, number: int) -> int:
        """Return which form of a noun goes with the number: 0, 1 or 2."""
        if number % 10 == 1 and number % 100 != 11:
            return 0 if self.code == "ru" or number == 1 else 2
        return 1 if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14) else 2

    def duration(self, text: str) -> str:
        """Return a Prometheus duration as people write it."""
        return re.sub(r"(\d+)(ms|[dhms])", lambda found: found[1] + self.units[found[2]], text).strip()


EN = Words(
    code="en",
    decline=("{} needs attention", "{} need attention", "{} need attention"),
    statuses={
        word: word
        for word in (
            "down",
            "critical",
            "offline",
            "warning",
            "unreachable",
            "no data",
            "maintenance",
            "waiting",
            "not connected",
            "passing",
            "online",
            "up",
        )
    },
    nouns={
        "services": ("service", "services", "services"),
        "connections": ("connection", "connections", "connections"),
        "sources": ("source", "sources", "sources"),
    },
    reasons={
        "unauthorized": "token refused",
        "payment_required": "not paid for",
        "forbidden": "access denied",
        "rate_limited": "rate limit",
        "server_error": "server error",
        "unexpected_status": "unexpected status",
        "unexpected_body": "unexpected body",
        "intermediary": "a firewall or proxy answered",
        "redirect": "redirect",
        "malformed": "answer not understood",
        "too_large": "answer too large",
        "timeout": "no answer in time",
        "dns": "host name unknown",
        "connect": "no connection",
        "tls": "TLS error",
        "token": "token unusable",
        "no_token": "no token",
        "no_token_file": "no token file",
        "internal": "defect of the exporter, see its log",
        "acl_denied": "the ACL token doesn't permit it",
        "acl_not_found": "unknown ACL token",
        "acl_filtered": "the ACLs hide everything",
        "empty_catalog": "empty catalog, as without a token",
        "no_leader": "the cluster has no leader",
        "no_path": "the datacenter can't be reached",
        "datacenter_taken": "another cluster shows this datacenter",
        "unreadable": "file can't be read",
        "login": "login refused",
        "query": "query refused",
        "columns": "wrong columns",
        "locked": "database locked",
    },
    phrases={
        "services": "Services",
        "connections": "Connections",
        "sources": "Sources",
        "metrics": "Metrics",
        "name": "Name",
        "status": "Status",
        "details": "Details",
        "checked": "Last checked",
        "never": "never",
        "ago": "{} ago",
        "every": "every {}",
        "up_of": "{} up",
        "well": "All is well",
        "nothing": "Nothing is known yet",
        "connect": "connect",
        "disconnect": "disconnect",
        "check_now": "check now",
        "look_at": "setting to look at: {}",
        "filter": "Filter",
        "filter_hint": "name, tag, status …",
        "more": "… and {} more; the filter finds them, and all of them are in the metrics.",
        "more_broken": "… and {} more",
        "none_found": "None matches the filter.",
        "none_configured": "None is configured; setting to look at: {}.",
        "none_waiting": "Not known yet: the first poll is under way.",
        "none_failing": "None known at present: {source} doesn't answer ({why}).",
        "none_there": "There is none, by the latest answer.",
        "as_of": "As of {}; this page renews itself. History and alerts are in Grafana and Prometheus.",
        "lost": "The exporter does not answer; what stands here is old.",
    },
    units={"d": "d", "h": "h", "m": "m", "s": "s", "ms": "ms"},
)
RU = Words(
    code="ru",
    decline=("{} требует внимания", "{} требуют внимания", "{} требуют внимания"),
    statuses={
        "down": "не отвечает",
        "critical": "авария",
        "offline": "офлайн",
        "warning": "внимание",
        "unreachable": "недоступно",
        "no data": "нет данных",
        "maintenance": "техработы",
        "waiting": "ожидание",
        "not connected": "не подключено",
        "passing": "в норме",
        "online": "онлайн",
        "up": "отвечает",
    },
    nouns={
        "services": ("сервис", "сервиса", "сервисов"),
        "connections": ("подключение", "подключения", "подключений"),
        "sources": ("источник", "источника", "источников"),
    },
    reasons={
        "unauthorized": "токен отвергнут",
        "payment_required": "не оплачено",
        "forbidden": "доступ запрещён",
        "rate_limited": "лимит запросов",
        "server_error": "ошибка сервера",
        "unexpected_status": "необычный ответ",
        "unexpected_body": "не то содержимое",
        "intermediary": "ответил файрвол или прокси",
        "redirect": "редирект",
        "malformed": "непонятный ответ",
        "too_large": "ответ велик",
        "timeout": "нет ответа вовремя",
        "dns": "имя узла неизвестно",
        "connect": "нет соединения",
        "tls": "ошибка TLS",
        "token": "токен непригоден",
        "no_token": "нет токена",
        "no_token_file": "нет файла с токеном",
        "internal": "ошибка экспортера, см. его журнал",
        "acl_denied": "у токена ACL нет прав",
        "acl_not_found": "неизвестный токен ACL",
        "acl_filtered": "ACL скрывают всё",
        "empty_catalog": "каталог пуст, как без токена",
        "no_leader": "в кластере нет лидера",
        "no_path": "датацентр недостижим",
        "datacenter_taken": "этот датацентр показывает другой кластер",
        "unreadable": "файл не читается",
        "login": "вход отклонён",
        "query": "запрос отклонён",
        "columns": "не те столбцы",
        "locked": "база заблокирована",
    },
    phrases={
        "services": "Сервисы",
        "connections": "Подключения",
        "sources": "Источники",
        "metrics": "Метрики",
        "name": "Название",
        "status": "Статус",
        "details": "Детали",
        "checked": "Проверка",
        "never": "ещё не было",
        "ago": "{} назад",
        "every": "каждые {}",
        "up_of": "{} работают",
        "well": "Всё в порядке",
        "nothing": "Пока ничего не известно",
        "connect": "подключить",
        "disconnect": "отключить",
        "check_now": "проверить",
        "look_at": "настройка: {}",
        "filter": "Фильтр",
        "filter_hint": "название, тег, статус …",
        "more": "… и ещё {}; их найдёт фильтр, и все они есть в метриках.",
        "more_broken": "… и ещё {}",
        "none_found": "Под фильтр ничего не подходит.",
        "none_configured": "Не настроено; настройка: {}.",
        "none_waiting": "Пока неизвестно: идёт первый опрос.",
        "none_failing": "Сейчас неизвестно: {source} не отвечает ({why}).",
        "none_there": "По последнему ответу их нет.",
        "as_of": "На {}; страница обновляется сама. История и оповещения — в Grafana и Prometheus.",
        "lost": "Экспортер не отвечает; то, что здесь написано, устарело.",
    },
    units={"d": " д ", "h": " ч ", "m": " мин ", "s": " с ", "ms": " мс "},
)
LANGUAGES: Mapping[str, Words] = {words.code: words for words in (EN, RU)}


def preferred(accept_language: str) -> Words:
    """Return the language that the header Accept-Language likes best among those there are, English by default."""
    best, liked = EN, 0.0
    for part in accept_language.split(","):
        tag, _, weight = part.partition(";")
        words = LANGUAGES.get(tag.strip().lower().partition("-")[0])
        if words and (quality := _quality(weight)) > liked:
            best, liked = words, quality
    return best


def _quality(weight: str) -> float:
    name, _, number = weight.replace(" ", "").partition("=")
    if name.lower() != "q":
        return 1.0
    return float(number) if re.fullmatch(r"[01](\.\d{0,3})?", number) else 0.0
