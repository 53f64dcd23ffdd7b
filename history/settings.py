"""Settings every room reads: where the data is, and what may be believed without a second look."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Environment variables with the prefix TOKENTAPE_; a .env file in the working folder is read too."""

    model_config = SettingsConfigDict(env_prefix="TOKENTAPE_", env_file=".env", extra="ignore")

    data: Path = Field(Path("data"), description="Folder for the SQLite database")
    database_url: str = Field("", description="postgresql://… or sqlite:///…; default: SQLite in the data folder")
    public_url: str = Field("http://127.0.0.1:8321", description="Where readers reach this service; stands in feeds")
    contact: str = Field("", description="Mail or URL in the crawler's user agent, for the operators of price pages")

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data.absolute() / 'tokentape.sqlite3'}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read once, at the front door."""
    return Settings()
