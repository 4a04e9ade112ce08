"""The compose files: not run by any Docker here, but held to the specification and the code."""

import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from check_jsonschema.builtin_schemas import get_builtin_schema

from tests.deploy.endings import seconds_to_end
from tests.deploy.files import DEPLOY, OBSERVABILITY, document, dotenv, interpolated
from transcription.settings import Settings

FILES: Final = (DEPLOY / "compose.yaml", OBSERVABILITY / "compose.yaml")
KINDS: Final = ("bridge", "functions")


def services(kind: str) -> dict[str, Any]:
    """Return the replicas of a service."""
    every = document(DEPLOY / "compose.yaml")["services"]
    return {name: one for name, one in every.items() if name.startswith(f"{kind}-")}


def validate(compose: Any) -> None:
    """Hold a file to the compose specification."""
    jsonschema.validate(compose, get_builtin_schema("vendor.compose-spec"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_compose_takes_the_file(path: Any) -> None:
    """The file fits the compose specification, which knows no other fields."""
    validate(document(path))


def test_a_mistyped_field_is_found() -> None:
    """The specification is strict: a field that there is not is a fault."""
    mistaken = json.loads(json.dumps(document(DEPLOY / "compose.yaml")))
    mistaken["services"]["bridge-1"]["stop_grace_perod"] = "60s"
    with pytest.raises(jsonschema.ValidationError, match="stop_grace_perod"):
        validate(mistaken)


SITE: Final = "transcribe.example.com"
DEFAULTS: Final = {
    name: interpolated(value, SITE=SITE) for name, value in dotenv(DEPLOY / "compose.env").items()
}
"""What the containers get where .env says nothing."""


def told(service: dict[str, Any], settings: dict[str, str]) -> dict[str, str]:
    """Return a container's environment: files in their order, then what the wiring needs."""
    first, second = service["env_file"]
    assert (first["path"], second["path"]) == ("compose.env", "../.env")
    environment: dict[str, str] = DEFAULTS | settings | service["environment"]
    return environment


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_operator_sets_counts(kind: str) -> None:
    """A line of .env wins over the defaults here, but for hosts, ports and folders."""
    mine = {name: f"{value}0" for name, value in DEFAULTS.items()} | {"NOTICE": "hello"}
    for service in services(kind).values():
        assert told(service, mine).items() >= mine.items()
        for name in service["environment"]:
            assert re.search(r"_(HOST|PORT|DIR)$", name), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_dollar_in_a_secret_stays(kind: str) -> None:
    """The operator's file is read raw: compose would take `$…` in a secret for a variable."""
    for service in services(kind).values():
        assert service["env_file"][1]["format"] == "raw"


@pytest.mark.parametrize("name", ["SITE", "TAG"])
@pytest.mark.parametrize("path", [DEPLOY / "compose.yaml", DEPLOY / "vllm" / "compose.yaml"])
def test_a_new_shell_does_not_take_the_site_down(path: Path, name: str) -> None:
    """Compose stops where SITE or TAG is not set: neither has a default."""
    text = path.read_text()
    assert re.findall(rf"\$\{{{name}(:-[^}}]*)?\}}", text) == []
    if name == "TAG" or path.parent == DEPLOY:
        assert re.search(rf"\$\{{{name}:\?[^}}]+\}}", text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_container_that_is_not_ready_stops_the_rollout(kind: str) -> None:
    """The health that `up --wait` waits for is readiness, on the port that is served."""
    for service in services(kind).values():
        assert service["healthcheck"]["test"][0] == "CMD"
        assert "/readyz" in service["healthcheck"]["test"][-1]
        environment = service["environment"]
        assert environment["HEALTH_PORT"] == environment[f"{kind.upper()}_PORT"]


def test_memory_and_logs_are_bounded() -> None:
    """No container takes the whole machine's memory, or fills its disk with what it logs."""
    for name, service in document(DEPLOY / "compose.yaml")["services"].items():
        assert service["mem_limit"], name
        assert service["logging"]["options"]["max-size"], name


@pytest.mark.parametrize("kind", KINDS)
def test_settings_exist(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The containers' environment consists of settings, with values that the services accept."""
    fields = {name.upper() for name in Settings.model_fields}
    for name in fields:
        monkeypatch.delenv(name, raising=False)
    for service in services(kind).values():
        environment = told(service, {})
        health = environment.pop("HEALTH_PORT")
        assert environment.keys() <= fields
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        read = Settings(
            _env_file=None,
            supabase_url="http://127.0.0.1:1",
            supabase_publishable_key="sb_publishable_test",
            supabase_secret_key="sb_secret_test",
        )
        assert int(health) == getattr(read, f"{kind}_port")
        assert read.allowed_origins == (f"https://{SITE}",)
        assert read.trusted_proxy_hops == 1
    overlay = document(OBSERVABILITY / "compose.yaml")["services"]
    for name in services(kind):
        assert overlay[name]["environment"].keys() <= fields


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_two_alike(kind: str) -> None:
    """Two replicas run the same command from the same image, and hold no name of their own."""
    one, other = services(kind).values()
    assert one == other
    module = {"bridge": "ws_bridge", "functions": "edge_functions"}[kind]
    assert one["command"] == ["python", "-m", module]


def _seconds(period: str) -> int:
    found = re.fullmatch(r"(\d+)s", period)
    assert found is not None, period
    return int(found[1])


@pytest.mark.parametrize("kind", KINDS)
def test_containers_are_given_time_to_go(kind: str) -> None:
    """No container is killed while it still does what its own limits allow."""
    for service in services(kind).values():
        drain = float(DEFAULTS[f"{kind.upper()}_DRAIN_SECONDS"])
        assert _seconds(service["stop_grace_period"]) >= seconds_to_end(kind, drain)


@pytest.mark.parametrize("kind", KINDS)
def test_containers_are_confined(kind: str) -> None:
    """Nothing is written but where it is meant to be, no capability is kept, no port is open."""
    for service in services(kind).values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service


def test_uploads_go_to_a_disk() -> None:
    """Uploads have a volume, which the image lets its user write to, and not the memory."""
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    for service in services("functions").values():
        folder = service["environment"]["FUNCTIONS_UPLOAD_DIR"]
        assert service["volumes"] == [folder]
        assert f"--owner=10001 {folder}" in dockerfile
        assert not any(folder.startswith(one.split(":")[0]) for one in service["tmpfs"])


def test_files_that_are_mounted_exist() -> None:
    """What is mounted from here is here; the second file is read from the first one's folder."""
    for path in FILES:
        for service in document(path)["services"].values():
            for volume in service.get("volumes", ()):
                if volume.startswith("./"):
                    assert (DEPLOY / volume.split(":")[0]).exists(), volume


def test_only_the_proxy_is_public() -> None:
    """Tools for operators listen on loopback alone."""
    assert [
        name
        for name, service in document(DEPLOY / "compose.yaml")["services"].items()
        if "ports" in service
    ] == ["proxy"]
    for service in document(OBSERVABILITY / "compose.yaml")["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
