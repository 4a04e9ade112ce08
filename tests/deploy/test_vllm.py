"""Voxtral on GPUs of one's own: not run here, but held to the schemas, the code and each other."""

import re
from typing import Any, Final

import kubernetes_validate
import pytest

from tests.deploy.files import DEPLOY, document, documents, interpolated, manifest
from tests.deploy.test_compose import services, validate
from tests.deploy.test_kubernetes import VERSIONS
from transcription.settings import Settings

VLLM: Final = DEPLOY / "vllm"
KUSTOMIZATION: Final = VLLM / "kubernetes" / "kustomization.yaml"
SUPABASE: Final = {
    "supabase_url": "http://127.0.0.1:1",
    "supabase_publishable_key": "x",
    "supabase_secret_key": "x",
}


def overlay() -> dict[str, Any]:
    """Return the services of the compose file that goes on top."""
    found: dict[str, Any] = document(VLLM / "compose.yaml")["services"]
    return found


def of(kind: str, name: str = "vllm") -> Any:
    """Return one of the manifests."""
    (only,) = [
        one
        for one in documents(VLLM / "kubernetes" / "vllm.yaml")
        if (one["kind"], one["metadata"]["name"]) == (kind, name)
    ]
    return only


def container() -> Any:
    """Return the pod's only container."""
    [only] = of("StatefulSet")["spec"]["template"]["spec"]["containers"]
    return only


def read(environment: dict[str, str]) -> Settings:
    """Return the settings that an environment makes."""
    told = {name.lower(): value for name, value in environment.items()}
    return Settings(_env_file=None, **(SUPABASE | told))  # type: ignore[arg-type]


def test_compose_takes_the_file() -> None:
    """The file fits the compose specification."""
    validate(document(VLLM / "compose.yaml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_manifests(version: str) -> None:
    """Every object fits the schema of its kind, without a field that the kind does not have."""
    for one in documents(VLLM / "kubernetes" / "vllm.yaml"):
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("kind", ["bridge", "functions"])
def test_every_replica_is_told(kind: str) -> None:
    """Each replica of both services is told the same provider, where it is, and its key."""
    vllm = overlay()["vllm"]
    for name in services(kind):
        environment = dict(overlay()[name]["environment"])
        assert environment.pop("VLLM_API_KEY") == vllm["environment"]["VLLM_API_KEY"]
        settings = read(environment)
        assert settings.transcription_provider == "vllm"
        assert settings.vllm_server_url == "http://vllm:8000"
        assert "--port=8000" in vllm["command"]


def test_the_pods_are_told() -> None:
    """The patch makes settings that lead to the service, and the key is the secret's."""
    kustomization = document(KUSTOMIZATION)
    for resource in kustomization["resources"]:
        assert (KUSTOMIZATION.parent / resource).exists()
    [patch] = kustomization["patches"]
    assert manifest(patch["target"]["kind"], patch["target"]["name"])
    told = dict(re.findall(r'op: add, path: /data/(\w+), value: "?([^"}]+)"?}', patch["patch"]))
    assert len(told) == patch["patch"].count("op: add")
    settings = read(told)
    assert settings.transcription_provider == "vllm"
    [port] = of("Service")["spec"]["ports"]
    assert settings.vllm_server_url == f"http://{of('Service')['metadata']['name']}:{port['port']}"
    secret = next(one for one in container()["env"] if one["name"] == "VLLM_API_KEY")
    assert secret["valueFrom"]["secretKeyRef"] == {"name": "keys", "key": "VLLM_API_KEY"}
    for app in ("bridge", "functions"):
        [service] = manifest("Deployment", app)["spec"]["template"]["spec"]["containers"]
        assert {"secretRef": {"name": "keys"}} in service["envFrom"]


def test_there_is_an_engine_for_each_gpu() -> None:
    """As many engines as GPUs, in compose and in each pod."""
    vllm = overlay()["vllm"]
    [device] = vllm["deploy"]["resources"]["reservations"]["devices"]
    assert f"--data-parallel-size={device['count']}" in vllm["command"]
    assert interpolated(device["count"]) == "1"
    gpus = container()["resources"]["limits"]["nvidia.com/gpu"]
    assert f"--data-parallel-size={gpus}" in container()["args"]


def test_what_is_served_is_what_is_asked_for() -> None:
    """The model is the settings' own, and vLLM is new enough for its realtime wire."""
    settings = read({})
    for command in (overlay()["vllm"]["command"], container()["args"]):
        assert command[0] == settings.vllm_realtime_model == settings.vllm_transcribe_model
        assert "--tokenizer-mode=mistral" in command
    versions = re.findall(r"(?:openai:v|==)0\.(\d+)\.", (VLLM / "Dockerfile").read_text())
    assert len(versions) == 2
    assert all(int(version) >= 32 for version in versions)
    # The second file is read from the first one's folder.
    assert (DEPLOY / overlay()["vllm"]["build"]["context"] / "Dockerfile").exists()


def test_the_manifests_mean_the_same_pods() -> None:
    """Set, service, budget and policy select the pods; only the two services may reach them."""
    labels = {"app": "vllm"}
    stateful = of("StatefulSet")["spec"]
    assert stateful["template"]["metadata"]["labels"] == labels
    assert stateful["selector"]["matchLabels"] == labels
    assert of("Service")["spec"]["selector"] == labels
    assert of("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert of("NetworkPolicy")["spec"]["podSelector"]["matchLabels"] == labels
    [rule] = of("NetworkPolicy")["spec"]["ingress"]
    [allowed] = rule["from"][0]["podSelector"]["matchExpressions"]
    assert set(allowed["values"]) == {"bridge", "functions"}
    # The services' own policies let nothing into the cluster: this one lets them reach the pods.
    policy = of("NetworkPolicy", "to-vllm")["spec"]
    assert policy["podSelector"]["matchExpressions"] == [allowed]
    assert policy["egress"] == [
        {
            "to": [{"podSelector": {"matchLabels": labels}}],
            "ports": [{"port": 8000, "protocol": "TCP"}],
        }
    ]
    for probe in ("startup", "readiness", "liveness"):
        assert container()[f"{probe}Probe"]["httpGet"] == {"path": "/health", "port": "http"}


def test_it_is_confined() -> None:
    """No root in the cluster, no privileges, no port that is public; the key is no argument."""
    pod = of("StatefulSet")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["enableServiceLinks"] is False
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    vllm = overlay()["vllm"]
    assert vllm["cap_drop"] == ["ALL"]
    assert "ports" not in vllm
    for command in (vllm["command"], container()["args"]):
        assert not any("api-key" in one for one in command)
