"""An application of your own that serves transcription too: `uvicorn examples.fastapi_app:app`."""

from fastapi import FastAPI

from edge_functions.router import router  # from the wheel: utter_transcribe.edge_functions.router

app = FastAPI()
app.include_router(router())


@app.get("/hello")
async def hello() -> str:
    """Answer as any path of yours does."""
    return "hello"
