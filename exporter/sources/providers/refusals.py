"""What the errors of databases mean: by their codes, never by values that they quote."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from exporter.errors import (
    ConnectFailed,
    DatabaseLocked,
    LoginRefused,
    Malformed,
    NameResolution,
    PollError,
    QueryRefused,
    TimedOut,
)

_LOGIN = "the database server refused the user, the password or the database"
_CONNECT = "no connection to the database, or it broke off"
_LOCKED = "the database is locked by another program"
_TIMEOUT = "the query took too long"
_WRITES = "the query would write: only a SELECT is allowed"
_OTHER = "the database can't carry out the query"
_REFUSED = "the connection was refused: nothing listens there, or a firewall rejects it"
_LOG_FILES = (
    "the SQLite file is in WAL mode, in which even who reads must make files beside it: let the exporter write to its "
    "folder, or let the application keep it open"
)
_NO_LOG_FILES = (
    "SQLITE_READONLY_DIRECTORY",
    "SQLITE_READONLY_CANTINIT",
    "SQLITE_READONLY_CANTLOCK",
    "SQLITE_READONLY_RECOVERY",
)
_LONGEST = 300


def refusal_of(error: DBAPIError) -> PollError:
    """Return our error for a driver's."""
    original = error.orig
    family = type(original).__module__.partition(".")[0]
    return _FAMILIES[family](original) if family in _FAMILIES else ConnectFailed(_CONNECT)


def _of_sqlite(error: object) -> PollError:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseLocked(_LOCKED)
    if name.startswith("SQLITE_INTERRUPT"):
        return TimedOut(_TIMEOUT)
    if name in _NO_LOG_FILES:
        return ConnectFailed(_LOG_FILES)
    if name.startswith("SQLITE_READONLY"):
        return QueryRefused(_WRITES)
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return Malformed("the file is no SQLite database, or is damaged")
    if name == "SQLITE_ERROR":
        # About names and words of the query alone.
        return QueryRefused(f"{_OTHER}: {str(error)[:_LONGEST]}")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_PERM", "SQLITE_AUTH")):
        return ConnectFailed("the SQLite file can't be opened: it is missing, or may not be read")
    return QueryRefused(_OTHER)


# By the first characters of SQLSTATE, the longest first.
_STATES: tuple[tuple[str, type[PollError], str], ...] = (
    ("57014", TimedOut, _TIMEOUT),
    ("25006", QueryRefused, _WRITES),
    ("55P03", DatabaseLocked, _LOCKED),
    ("40P01", DatabaseLocked, _LOCKED),
    ("3D000", LoginRefused, _LOGIN),
    ("28", LoginRefused, _LOGIN),
    ("08", ConnectFailed, _CONNECT),
    ("53", ConnectFailed, "the database server lacks resources, such as free connections"),
    ("57P", ConnectFailed, "the database server starts or stops"),
)
# A connection that is refused has no SQLSTATE, only text, in the server's language.
_LOGIN_TEXTS = ("password", "authentication", "pg_hba.conf", "role ", "does not exist", "SCRAM", "пароль")
_NO_HOST_TEXTS = (
    "resolve host",
    "translate host name",
    "not known",
    "name resolution",
    "No address associated",
)
_STARTING_TEXTS = ("starting up", "shutting down", "recovery mode", "not yet accepting")


def _of_postgresql(error: object) -> PollError:
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _of_no_connection(str(error))
    for start, ours, message in _STATES:
        if state.startswith(start):
            return ours(message)
    if state.startswith("42"):
        # About names and words of the query alone.
        told = getattr(getattr(error, "diag", None), "message_primary", "") or ""
        return QueryRefused(f"{_OTHER}: {told[:_LONGEST]}")
    return QueryRefused(f"{_OTHER} (SQLSTATE {state})")


def _of_no_connection(text: str) -> PollError:
    if "timeout" in text:
        return TimedOut("the database server gave no answer in time")
    if any(word in text for word in _STARTING_TEXTS):
        return ConnectFailed("the database server starts or stops")
    if any(word in text for word in _LOGIN_TEXTS):
        return LoginRefused(_LOGIN)
    if any(words in text for words in _NO_HOST_TEXTS):
        return NameResolution("the host name of the database has no address")
    return ConnectFailed(_REFUSED if "refused" in text else _CONNECT)


_NUMBERS: dict[int, tuple[type[PollError], str]] = {
    **dict.fromkeys((1044, 1045, 1049, 1698, 1251, 2049, 2058, 2059, 2061), (LoginRefused, _LOGIN)),
    **dict.fromkeys((1205, 1213), (DatabaseLocked, _LOCKED)),
    **dict.fromkeys((1317, 1969, 3024), (TimedOut, _TIMEOUT)),
    **dict.fromkeys((1290, 1792), (QueryRefused, _WRITES)),
    **dict.fromkeys((1040, 1053, 1203, 2002, 2003, 2006, 2013), (ConnectFailed, _CONNECT)),
}
# About names and words of the query alone: a column, a table, the syntax, a right to read them.
_OF_THE_QUERY = (1054, 1064, 1142, 1143, 1146, 1305)


def _of_mysql(error: object) -> PollError:
    number, text = (*getattr(error, "args", ()), 0, "")[:2]
    if "timed out" in str(text):
        return TimedOut("the database server gave no answer in time")
    if number in _NUMBERS:
        ours, message = _NUMBERS[number]
        return ours(_REFUSED if "refused" in str(text) and ours is ConnectFailed else message)
    if number in _OF_THE_QUERY:
        return QueryRefused(f"{_OTHER}: {str(text)[:_LONGEST]}")
    return QueryRefused(f"{_OTHER} (error {number})")


_FAMILIES: dict[str, Callable[[object], PollError]] = {
    "sqlite3": _of_sqlite,
    "psycopg": _of_postgresql,
    "pymysql": _of_mysql,
}
