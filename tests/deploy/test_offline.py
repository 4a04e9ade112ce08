"""The offline engine in a deployment: held to the schemas, the code and each other."""

import re
from typing import Any, Final

import kubernetes_validate
import pytest

from local_stack.provider.__main__ import DEFAULT_PORT, KEY
from tests.deploy.files import DEPLOY, document, documents
from tests.deploy.test_compose import services, validate
from tests.deploy.test_kubernetes import VERSIONS
from tests.deploy.test_vllm import read

OFFLINE: Final = DEPLOY / "offline"
MANIFESTS: Final = OFFLINE / "kubernetes" / "offline.yaml"


def overlay() -> dict[str, Any]:
    """Return the services of the compose file that goes on top."""
    found: dict[str, Any] = document(OFFLINE / "compose.yaml")["services"]
    return found


def test_compose_takes_the_file() -> None:
    """The file fits the compose specification."""
    validate(document(OFFLINE / "compose.yaml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_manifests(version: str) -> None:
    """Every object fits the schema of its kind, without a field that the kind does not have."""
    for one in documents(MANIFESTS):
        kubernetes_validate.validate(one, version, strict=True)


@pytest.mark.parametrize("kind", ["bridge", "functions"])
def test_every_replica_is_told(kind: str) -> None:
    """Each replica of both services is told where the engine is, and its key."""
    offline = overlay()["offline"]
    for name in services(kind):
        environment = dict(overlay()[name]["environment"])
        assert environment.pop("VLLM_API_KEY") == offline["environment"][KEY]
        settings = read(environment)
        assert settings.transcription_provider == "vllm"
        assert settings.vllm_server_url == f"http://offline:{DEFAULT_PORT}"


def test_the_pods_are_told_and_reached_by_the_services_alone() -> None:
    """Patch, service, port, key and policies fit one another."""
    kustomization = document(MANIFESTS.parent / "kustomization.yaml")
    [patch] = kustomization["patches"]
    told = dict(re.findall(r'op: add, path: /data/(\w+), value: "?([^"}]+)"?}', patch["patch"]))
    assert read(told).vllm_server_url == f"http://offline:{DEFAULT_PORT}"
    deployment, service, policy, way = documents(MANIFESTS)
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert service["spec"]["ports"][0]["port"] == DEFAULT_PORT
    assert container["ports"][0]["containerPort"] == DEFAULT_PORT
    assert container["env"][0]["name"] == KEY
    [rule] = policy["spec"]["ingress"]
    assert rule["from"][0]["podSelector"] == way["spec"]["podSelector"]
    assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in policy["spec"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
