"""The environment, in one place: where things lie and what is reached. Figures of policy are not here but in policy.py."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from alpr_assets.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Read from ALPR_* variables; an empty one is none. Relative paths are taken from the repository's root.

    Every folder is made when it is first written to, readable by its owner only.
    """

    model_config = SettingsConfigDict(env_prefix="ALPR_", env_ignore_empty=True, extra="ignore")

    policy: Path = Field(default=Path("policy/422.yaml"), description="the department's policy file")
    data: Path = Field(default=Path("data"), description="database, images, received files: what a data backup holds")
    keys: Path = Field(default=Path("keys"), description="image keys: kept outside data backups")
    master_key_file: Path | None = Field(
        default=None, description="master key that wraps the image keys; none: `master.key` in their folder"
    )
    master_key: SecretStr = Field(
        default=SecretStr(""),
        description="master keys instead of the file: 64 hex digits, commas between, newest first",
    )
    kms_keys: str = Field(
        default="", description="ids of master keys at a key service instead, separated by commas, newest first"
    )
    kms: str = Field(default="alpr_assets.store.kms:CommandKey", description="module:class that reaches that service")
    kms_command: str = Field(default="", description="command by which the default one does")
    database_url: str = Field(default="", description="PostgreSQL; empty: SQLite in the data folder")
    drops: Path = Field(default=Path("data/drops"), description="watched folder: capture drops arrive here")
    hotlists: Path = Field(default=Path("data/hotlists"), description="watched folder: hot-list files arrive here")
    workers: int = Field(default=2, ge=1, description="recognition processes on this machine")
    dask: str = Field(default="", description="address of a Dask scheduler; empty: local processes")
    models: Path = Field(default=Path("models"), description="weights of our own nets, with their manifest")
    recogniser: str = Field(
        default="alpr_assets.lifecycle.recognition.plates:PlateFactory",
        description="module:class that makes the recogniser",
    )
    port: int = Field(default=8422, ge=1, le=65535, description="port of the console")
    host: str = Field(default="127.0.0.1", description="address that the console listens on; loopback behind a proxy")
    hosts: str = Field(
        default="", description="names by which browsers reach the console, separated by commas; empty: its address"
    )
    proxies: str = Field(
        default="", description="addresses of proxies before it, separated by commas: whose X-Forwarded-* count"
    )
    certfile: Path | None = Field(
        default=None, description="TLS certificate of the console, PEM; none: loopback or a proxy"
    )
    keyfile: Path | None = Field(default=None, description="its private key, PEM")
    record: Path | None = Field(
        default=None, description="the access record's own files; none: `record` in the data folder"
    )
    public: Path | None = Field(
        default=None, description="folder of the public's pages, for a web server; none: `public` in the data folder"
    )
    record_url: str = Field(
        default="", description="PostgreSQL of the access record; empty: SQLite in the record's folder"
    )
    console_url: str = Field(
        default="", description="where notebooks and commands find the console; empty: this machine"
    )
    ca_file: Path | None = Field(
        default=None, description="who signed the console's certificate, PEM; none: public authorities"
    )
    token: SecretStr = Field(default=SecretStr(""), description="a token of the console, for notebooks nobody sits at")
    witnesses: str = Field(
        default="", description="folders, separated by colons, to which signed heads of the record go"
    )
    smtp_url: SecretStr = Field(
        default=SecretStr(""),
        description="mail server for alerts: smtp://USER:PASSWORD@HOST:587 (STARTTLS) or smtps://…:465; empty: none",
    )
    mail_from: str = Field(default="", description="address that alerts by mail come from")
    receiver_ca_file: Path | None = Field(
        default=None, description="who signs certificates inside the department, PEM; beside public authorities"
    )
    tsa_url: str = Field(default="", description="time-stamping authority of evidence, RFC 3161 over HTTP; empty: none")
    tsa_ca_file: Path | None = Field(default=None, description="its root certificate, PEM")
    oidc_issuer: str = Field(default="", description="identity provider's issuer URL; empty: passwords")
    oidc_client_id: str = Field(default="", description="this system's name there")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="and its secret")

    def path(self, name: str) -> Path:
        """One of the path settings, absolute; `~` is the home folder, also where no shell has replaced it."""
        value: Path | None = getattr(self, name)
        if value is None:
            return self.path("data") / name
        return ROOT / os.path.expanduser(value)  # noqa: PTH111 - Path's raises where there is no such user

    @property
    def url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.path('data') / 'alpr.sqlite'}"

    @property
    def socket(self) -> Path:
        """Unix socket of the code server (owner only; no port is opened for it)."""
        return self.path("data") / "run" / "code.sock"


@cache
def settings() -> Settings:
    """Settings of this process, read once.

    Raises ConfigurationError naming every variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"ALPR_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(wrong, remedy="set it right, or leave it unset") from error
