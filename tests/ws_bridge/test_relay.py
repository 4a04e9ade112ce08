"""Sessions over real sockets."""

from tests.ws_bridge.world import SILENCE, running


async def test_words_come_back() -> None:
    """What the provider says reaches the client, delta by delta, and whole in the final."""
    async with running() as world, world.session() as talk:
        for _ in range(20):
            await talk.send(SILENCE)
        await talk.send({"type": "stop"})
        heard = await talk.ended()
        final = heard.of("final")[0]
        assert final["status"] == "complete"
        assert final["text"] == heard.text != ""
        assert final["audio_seconds"] == 2.0
        assert heard.close_code == 1000
        assert bytes(world.provider.sessions[0].audio) == SILENCE * 20
        await world.is_clean(upstreams=1)
