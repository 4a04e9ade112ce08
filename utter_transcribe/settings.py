"""What the command finds in the environment."""

from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from utter_transcribe.auth import AnonymousUser, GivenToken, TokenSupplier

LOCAL_ENV: Final = Path(".local/env")
"""What a local stack in this folder wrote down about itself."""


class Settings(BaseSettings):
    """From the environment, else `.env`, else a local stack in this folder."""

    model_config = SettingsConfigDict(
        env_file=(LOCAL_ENV, ".env"), env_ignore_empty=True, extra="ignore", frozen=True
    )

    utter_token: SecretStr | None = None
    utter_realtime_url: str = "http://127.0.0.1:8790"
    utter_api_url: str = "http://127.0.0.1:8780"
    supabase_url: str | None = None
    supabase_publishable_key: str | None = None

    def token_supplier(self, given: str | None) -> TokenSupplier:
        """Return a supplier of the given token, else of an anonymous user's.

        Raises:
            ValueError: Neither is to be had.
        """
        if given:
            return GivenToken(given)
        if self.utter_token:
            return GivenToken(self.utter_token.get_secret_value())
        if self.supabase_url and self.supabase_publishable_key:
            return AnonymousUser(self.supabase_url, self.supabase_publishable_key)
        raise ValueError(
            "no access token: give --token or UTTER_TOKEN, "
            "or SUPABASE_URL and SUPABASE_PUBLISHABLE_KEY to sign in anonymously"
        )
