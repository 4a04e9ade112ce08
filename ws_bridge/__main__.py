"""`python -m ws_bridge`: one process of the bridge. More cores: more processes."""

import httpx

from shared_schema.network import trusts_environment
from transcription.process import shell
from transcription.process.deployment import load_settings
from transcription.process.environment import forget_secrets
from transcription.process.logs import configure_logging
from transcription.rpc import connect
from transcription.settings import Settings
from transcription.user_keys.providers import lending
from ws_bridge.app import App


async def _serve(settings: Settings) -> None:
    async with (
        httpx.AsyncClient(trust_env=trusts_environment(settings.supabase_url)) as http,
        connect(settings.supabase_url, settings.supabase_secret_key) as rpc,
        shell.opened(settings, "realtime", http=http, rpc=rpc) as parts,
        lending(lambda one: one.realtime, parts.providers, parts.own_keys) as providers,
    ):
        app = App(parts, providers)
        await shell.run(app.serving(), app.drain)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = load_settings()
    forget_secrets(settings)
    configure_logging(settings.log_level)
    shell.start(_serve(settings), settings, name="utter-bridge")


if __name__ == "__main__":
    main()
