"""Settings every room reads: where the data is, and what may be believed without a second look."""

from functools import lru_cache
from pathlib import Path
from typing import cast

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from history.addresses import Guard


class Settings(BaseSettings):
    """Environment variables with the prefix TOKENTAPE_; a .env file in the working folder is read too."""

    model_config = SettingsConfigDict(env_prefix="TOKENTAPE_", env_file=".env", extra="ignore")

    # Folder of the SQLite database.
    data: Path = Path("data")
    # postgresql://… or sqlite:///…; empty: SQLite in the data folder.
    database_url: str = ""
    # Where readers reach this service; stands in feeds. Empty: the address that `serve` listens on.
    public_url: str = ""
    # A mail address or URL in the crawler's user agent, for the operators of price pages.
    contact: str = ""
    # Any key of OpenRouter's: with it the official Data API is asked for volumes, without it the public rankings.
    openrouter_api_key: SecretStr = SecretStr("")
    # What targets and secrets of subscriptions are sealed with: Fernet keys, comma separated; the first one seals, all
    # open. Empty: a file in the data folder, which several machines over one database cannot share.
    secret_key: SecretStr = SecretStr("")
    # The browser for pages whose prices are drawn by scripts; empty: it is looked for.
    chromium: str = ""
    # Off only where something else shuts the browser in, such as a container without privileges.
    chromium_sandbox: bool = True
    # Networks that may be dialled though they are not public, such as 10.1.0.0/16, separated by commas.
    allowed_addresses: str = ""

    @field_validator("allowed_addresses")
    @classmethod
    def _networks(cls, listed: str) -> str:
        Guard.of(listed)
        return listed

    @property
    def guard(self) -> Guard:
        """What may be dialled on somebody else's word."""
        return Guard.of(self.allowed_addresses)

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'tokentape.sqlite3'}"

    def key(self, setting: str) -> str:
        """The secret in the setting of that name; "" where none is set, or none is named."""
        return cast(SecretStr, getattr(self, setting)).get_secret_value().strip() if setting else ""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once, at the front door."""
    return Settings()
