"""Every setting of OET: the one place where environment variables are read. `docs/configuration.md` lists them."""

import json
import os
import socket
import sys
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PROJECT_DIR = Path(__file__).resolve().parent.parent

MIB = 1024 * 1024

SECRET = frozenset({"admin_password", "secret_key", "database_url", "celery_broker_url", "env_index_url"})
"""Settings whose values are shown to nobody."""


class InvalidConfiguration(Exception):
    """Settings are wrong; the message names every one of them with its variable."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "a setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"OET cannot start, {count} wrong:\n{lines}\ndocs/configuration.md lists every setting.")


class OverrideSetting(BaseModel):
    """One operator override that a site declares."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    type: Literal["bool", "int", "float", "str", "choice"]
    default: Any
    description: str = Field("", max_length=300)
    choices: Annotated[tuple[str, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _default_fits(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError(f"{self.name}: choices belong to the type choice, and to it alone")
        wanted = {"bool": bool, "int": int, "float": int | float, "str": str, "choice": str}[self.type]
        is_other = isinstance(self.default, bool) != (self.type == "bool") or not isinstance(self.default, wanted)
        if is_other or (self.choices and self.default not in self.choices):
            raise ValueError(f"{self.name}: the default {self.default!r} is no {self.type} that may be set")
        return self


WAIT_FOR_QA_READY = OverrideSetting(
    name="wait_for_qa_ready",
    type="bool",
    default=False,
    description="Scripts wait until quality assurance is ready before they observe.",
)


class Configuration(BaseSettings):
    """OET's settings, each from the variable `OET_<NAME>`; a bad value names its variable and what was expected."""

    model_config = SettingsConfigDict(env_prefix="OET_", extra="ignore", frozen=True, populate_by_name=True)

    home: Path = Field(
        Path("var"),
        description="Folder of the SQLite file, run directories, environments, Celery's file broker and logs.",
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port of the web server; 0 takes a free one.")
    bind: str = Field("127.0.0.1", description="Address the web server listens on.")
    node: str = Field(
        default_factory=socket.gethostname, description="Name of this machine among the nodes of the site."
    )
    site_name: str = Field(
        "", max_length=40, description="Name of the site or telescope, shown in the strip of every page."
    )
    admin_password: str = Field(
        "",
        description="Password of the user `admin` that the first start creates; generated and printed once if unset.",
    )
    secret_key: str = Field("", description="Django's secret key; by default generated into `$OET_HOME/secret_key`.")
    debug: bool = Field(False, description="Django's debug mode. Never on a machine that others can reach.")  # noqa: FBT003 - a default
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further host names under which the web server may be reached, separated by commas."
    )
    https: bool = Field(False, description="The site is served by HTTPS: cookies are sent over HTTPS only.")  # noqa: FBT003 - a default
    database_url: str = Field(
        "",
        validation_alias="DATABASE_URL",
        description="Database; by default SQLite in `OET_HOME`. `postgres://user:password@host/name`.",
    )
    celery_broker_url: str = Field(
        "",
        validation_alias="CELERY_BROKER_URL",
        description="Celery's broker; by default files in `OET_HOME`. `redis://…`, `amqp://…`.",
    )
    script_roots: str = Field(
        str(PROJECT_DIR / "examples"), description="Folders below which scripts may lie, separated by `:`."
    )
    script_env: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Names of further environment variables that script processes may see, separated by commas."
    )
    git_allow: str = Field(
        "", description="Globs over the URLs of git repositories that scripts may come from, separated by blanks."
    )
    git_timeout: PositiveFloat = Field(
        300.0, description="Seconds that reading a git repository and writing out a commit may take."
    )
    env_builders: PositiveInt = Field(2, description="Environments that one Celery worker builds at the same time.")
    env_timeout: PositiveFloat = Field(1800.0, description="Seconds that building an environment may take.")
    env_keep: int = Field(
        10, ge=0, description="Environments that stay although nobody uses them: the most recently used ones."
    )
    env_launcher_idle: PositiveFloat = Field(
        600.0,
        description="Seconds for which the launcher of an environment is kept warm after the last script in it has ended.",
    )
    env_min_free: int = Field(
        2048 * MIB,
        ge=0,
        description="Bytes on the disk of `OET_HOME` below which idle environments are removed, the oldest first.",
    )
    env_index_url: str = Field(
        "",
        description="Package indexes for environments, separated by blanks, instead of those that projects or uv's own configuration name.",
    )
    env_constraints: Path | None = Field(
        None, description="File with pip's constraints for environments whose project has no lock file."
    )
    env_system_site_packages: bool = Field(
        False,  # noqa: FBT003 - a default
        description="Environments see the packages of the Python they are made with, and install only what it lacks.",
    )
    env_pythons: str = Field(
        "",
        description="Further Pythons for environments beside those on `PATH`: paths, folders or globs, separated by `:`.",
    )
    python: Path = Field(
        Path(sys.executable), description="Interpreter that runs scripts which have no environment of their own."
    )
    preload: Annotated[tuple[str, ...], NoDecode] = Field(
        ("oet.harness",),
        description="Modules that launchers import in advance, so that scripts which use them start faster; separated by commas.",
    )
    abort_script: str = Field(
        "", description="URI of the script that an abort runs, such as `file:///srv/scripts/abort.py`."
    )
    resources: str = Field(
        "telescope",
        description="Resources a procedure claims while RUNNING: names or templates over its arguments, separated by commas.",
    )
    overrides: Annotated[tuple[OverrideSetting, ...], NoDecode] = Field(
        (),
        description="Operator overrides of this site beside `wait_for_qa_ready`: JSON, "
        '`[{"name": "…", "type": "bool|int|float|str|choice", "default": …, "description": "…", "choices": […]}]`.',
    )
    key_arguments: Annotated[tuple[str, ...], NoDecode] = Field(
        ("subarray_id", "target"),
        description="Names of the arguments that pages show first, because they matter most; separated by commas.",
    )
    grace: float = Field(5.0, ge=0, le=3600, description="Seconds a stopped script has to tidy up before it is killed.")
    reply_timeout: PositiveFloat = Field(10.0, description="Seconds a request waits for the manager's answer.")
    heartbeat_timeout: PositiveFloat = Field(
        4.0, description="Seconds after which a manager without heartbeat counts as missing."
    )
    output_limit: int = Field(
        256 * MIB,
        ge=64 * 1024,
        description="Bytes of output kept of one script: half from its start, half from its end.",
    )
    body_limit: int = Field(MIB, ge=1024, description="Bytes a request body may have.")
    script_limit: int = Field(256 * 1024, ge=1024, description="Bytes the text of an embedded script may have.")
    token_hours: PositiveFloat = Field(10.0, description="Hours after which a token for programs expires.")
    event_days: PositiveInt = Field(30, description="Days for which the event log is kept; history is kept for ever.")
    traits: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="What this node has that trials may ask for (`traits`): names, separated by commas."
    )
    trial_load: PositiveFloat = Field(
        default_factory=lambda: float(os.cpu_count() or 1),
        description="Sum of the loads of trials that this node runs at once; by default its number of CPUs.",
    )
    trial_retention: float = Field(
        1800.0,
        ge=0,
        description="Seconds after the end of a trial for which its working directory is kept.",
    )
    longitude: float | None = Field(
        None,
        ge=-360,
        le=360,
        description="Longitude in degrees east, to show local sidereal time and the site's own nights.",
    )
    latitude: float | None = Field(
        None, ge=-90, le=90, description="Latitude in degrees north, to show twilight and dark; needs the longitude."
    )

    @field_validator("allowed_hosts", "script_env", "preload", "key_arguments", "traits", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("overrides", mode="before")
    @classmethod
    def _read_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            declared = json.loads(value or "[]")
        except ValueError as error:
            raise ValueError(f"is no JSON: {error}") from None
        if not isinstance(declared, list):
            raise ValueError("must be an array of overrides: [{…}]")  # noqa: TRY004 - pydantic wants a ValueError
        return declared

    @field_validator("database_url", mode="after")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if value and not value.startswith(("postgres://", "postgresql://", "sqlite:///")):
            raise ValueError("must begin with postgres:// or sqlite:///")
        return value

    @field_validator("home", mode="before")
    @classmethod
    def _is_named(cls, value: object) -> object:
        if value == "":
            raise ValueError("is empty; name a folder, or unset it")
        return value

    @field_validator("home", mode="after")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("script_roots", mode="after")
    @classmethod
    def _roots_are_absolute(cls, value: str) -> str:
        relative = [part for part in value.split(":") if part and not os.path.isabs(os.path.expanduser(part))]  # noqa: PTH117, PTH111 - text
        if relative:
            raise ValueError(f"must be absolute paths; {relative[0]!r} is not")
        return value

    @field_validator("overrides", mode="after")
    @classmethod
    def _override_names_differ(cls, value: tuple[OverrideSetting, ...]) -> tuple[OverrideSetting, ...]:
        names = [declared.name for declared in value]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"declares {', '.join(sorted(twice))} twice")
        return value

    @field_validator("latitude", mode="after")
    @classmethod
    def _latitude_has_its_longitude(cls, value: float | None, others: ValidationInfo) -> float | None:
        if value is not None and others.data.get("longitude", 0.0) is None:
            raise ValueError("says little alone; set OET_LONGITUDE, too")
        return value

    @property
    def all_overrides(self) -> tuple[OverrideSetting, ...]:
        """The declared overrides, `wait_for_qa_ready` first unless the site declares it itself."""
        if any(declared.name == WAIT_FOR_QA_READY.name for declared in self.overrides):
            return self.overrides
        return (WAIT_FOR_QA_READY, *self.overrides)

    @cached_property
    def script_root_paths(self) -> tuple[Path, ...]:
        """The script roots with their links resolved."""
        return tuple(Path(part).expanduser().resolve() for part in self.script_roots.split(":") if part)

    @property
    def run_dir(self) -> Path:
        """Where bells, launchers and run directories live."""
        return self.home / "run"


def variable_of(field: str) -> str:
    """The environment variable that sets `field`."""
    alias = Configuration.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"OET_{field.upper()}"


@cache
def load() -> Configuration:
    """The settings in force, read once; raises InvalidConfiguration with every fault."""
    try:
        return Configuration()
    except ValidationError as error:
        raise InvalidConfiguration([_problem(fault["loc"], str(fault["msg"])) for fault in error.errors()]) from None


def _problem(location: tuple[int | str, ...], message: str) -> str:
    """One fault in the user's terms: the variable, its value unless that is secret, where in it, and what was wanted."""
    by_variable = {variable_of(name): name for name in Configuration.model_fields}
    field = by_variable.get(str(location[0]), str(location[0]))
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location[1:])
    variable = variable_of(field)
    value = "…" if field in SECRET else repr(os.environ.get(variable, ""))
    return f"{variable}={value}: {f'{where}: ' if where else ''}{message.removeprefix('Value error, ')}"
