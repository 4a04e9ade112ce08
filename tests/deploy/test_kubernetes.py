"""The manifests: not run by any cluster here, but held to its schemas and the code."""

import ipaddress
import json
import re
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import pytest

from shared_schema.base import REALTIME_PATH
from tests.deploy.endings import seconds_to_end
from tests.deploy.files import DEPLOY, KUBERNETES, document, documents, dotenv, manifest, manifests
from tests.deploy.kustomize import VALUES, render
from transcription.settings import Settings

VERSIONS: Final = ("1.30", "1.37")
GATEWAY_API: Final = "gateway.networking.k8s.io/v1"
GATEWAY_SCHEMA: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "gateway.schema.json").read_text()
)
"""Those fields of the Gateway API that are used here (its reference, version 1.2)."""
APPS: Final = ("bridge", "functions")
_HOST: Final = "transcribe.example.com"


def pod(app: str) -> Any:
    """Return a deployment's pod."""
    return manifest("Deployment", app)["spec"]["template"]["spec"]


def container(app: str) -> Any:
    """Return a pod's only container."""
    [only] = pod(app)["containers"]
    return only


def settings() -> dict[str, str]:
    """Return what the pods are told."""
    told: dict[str, str] = manifest("ConfigMap", "settings")["data"]
    return told


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_manifests(version: str) -> None:
    """Every object fits the schema of its kind, without a field that the kind does not have."""
    for one in manifests():
        if one["apiVersion"] == GATEWAY_API:
            jsonschema.validate(one, GATEWAY_SCHEMA[one["kind"]])
        else:
            kubernetes_validate.validate(one, version, strict=True)


def _named(objects: list[Any]) -> dict[tuple[str, str], Any]:
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def test_values_come_where_they_belong() -> None:
    """An operator's values make what kustomize makes of them, and leave none of the defaults."""
    rendered = _named(documents(Path(__file__).parent / "rendered.yaml"))
    assert _named(render(KUBERNETES, VALUES)) == rendered
    text = json.dumps(list(rendered.values()))
    assert _HOST not in text
    assert "replace" not in text
    assert ("ConfigMap", "values") not in rendered


def test_every_value_is_used() -> None:
    """`values.env` holds what is replaced, and each default stands where it would be put."""
    wanted = document(KUBERNETES / "kustomization.yaml")["replacements"]
    named = [one["source"]["fieldPath"].removeprefix("data.") for one in wanted]
    assert named == list(VALUES) == list(dotenv(KUBERNETES / "values.env"))
    plain = [
        one
        for name in document(KUBERNETES / "kustomization.yaml")["resources"]
        for one in documents(KUBERNETES / name)
    ]
    assert settings() == _named(plain)["ConfigMap", "settings"]["data"]


def test_a_mistyped_field_is_found() -> None:
    """The schemas are strict: a field that there is not is a fault."""
    route = json.loads(json.dumps(manifest("HTTPRoute", "utter-transcribe")))
    route["spec"]["rules"][0]["timeout"] = "0s"
    with pytest.raises(jsonschema.ValidationError, match="timeout"):
        jsonschema.validate(route, GATEWAY_SCHEMA["HTTPRoute"])
    mistaken = {**manifest("PodDisruptionBudget", "bridge")}
    mistaken["spec"] = {**mistaken["spec"], "maxUnavailabel": 1}
    with pytest.raises(kubernetes_validate.ValidationError, match="maxUnavailabel"):
        kubernetes_validate.validate(mistaken, VERSIONS[0], strict=True)


def test_settings_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pods are told are settings, with values that the services take."""
    told = settings()
    keys = re.findall(
        r"--from-literal=(\w+)=", (DEPLOY / "kubernetes" / "settings.yaml").read_text()
    )
    assert {"SUPABASE_SECRET_KEY", "MISTRAL_API_KEY"} == set(keys)
    fields = {name.upper() for name in Settings.model_fields}
    assert set(told) | set(keys) <= fields
    for name in fields:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**told, **dict.fromkeys(keys, "secret")}.items():
        monkeypatch.setenv(name, value)
    read = Settings(_env_file=None)
    assert read.allowed_origins == (f"https://{_HOST}",)
    # The page's own host serves both, so that the page finds the bridge by its path.
    assert read.realtime_url == REALTIME_PATH


def test_no_setting_comes_from_a_services_name() -> None:
    """Kubernetes would put BRIDGE_PORT=tcp://… into every pod; pods are not told of services."""
    taken = {f"{app.upper()}_PORT" for app in APPS}
    assert taken <= {name.upper() for name in Settings.model_fields}
    assert all(pod(app)["enableServiceLinks"] is False for app in APPS)


@pytest.mark.parametrize("app", APPS)
def test_ports_are_those_that_are_served(app: str) -> None:
    """Containers, services and probes name the ports on which the services listen."""
    ports = {port["name"]: port["containerPort"] for port in container(app)["ports"]}
    fields = Settings.model_fields
    assert ports.pop("metrics") == fields[f"{app}_metrics_port"].default
    [(public, number)] = ports.items()
    assert number == fields[f"{app}_port"].default
    # The metrics are for the cluster's Prometheus alone: no service leads to them.
    assert manifest("Service", app)["spec"]["ports"] == [
        {"name": public, "port": number, "targetPort": public}
    ]
    for probe, path in (
        ("startup", "/healthz"),
        ("liveness", "/healthz"),
        ("readiness", "/readyz"),
    ):
        assert container(app)[f"{probe}Probe"]["httpGet"] == {"path": path, "port": public}


@pytest.mark.parametrize("app", APPS)
def test_selectors_select(app: str) -> None:
    """Deployment, service, budget, spread and autoscaler mean the same pods."""
    deployment = manifest("Deployment", app)["spec"]
    labels = {"app": app}
    assert deployment["template"]["metadata"]["labels"] == labels
    assert deployment["selector"]["matchLabels"] == labels
    assert manifest("Service", app)["spec"]["selector"] == labels
    assert manifest("PodDisruptionBudget", app)["spec"]["selector"]["matchLabels"] == labels
    [spread] = pod(app)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    target = manifest("HorizontalPodAutoscaler", app)["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", app)
    # A number here would undo the autoscaler's at every apply.
    assert "replicas" not in deployment


@pytest.mark.parametrize("app", APPS)
def test_a_pod_is_given_time_to_go(app: str) -> None:
    """No pod is killed while it still does what its own limits allow."""
    [waits, seconds] = container(app)["lifecycle"]["preStop"]["exec"]["command"]
    assert waits == "sleep"
    drain = float(settings()[f"{app.upper()}_DRAIN_SECONDS"])
    assert pod(app)["terminationGracePeriodSeconds"] >= int(seconds) + seconds_to_end(app, drain)


def test_uploads_have_room() -> None:
    """Uploads go to a disk that holds as many as are taken at once, twice over."""
    [place] = [one for one in container("functions")["volumeMounts"] if one["name"] == "uploads"]
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert f"FUNCTIONS_UPLOAD_DIR={place['mountPath']}" in dockerfile
    [volume] = [one for one in pod("functions")["volumes"] if one["name"] == "uploads"]
    assert "medium" not in volume["emptyDir"]
    fields = Settings.model_fields
    most = fields["functions_max_uploads"].default * fields["max_upload_bytes"].default
    room = int(volume["emptyDir"]["sizeLimit"].removesuffix("Gi")) * 1024**3
    assert room >= 2 * most
    limit = container("functions")["resources"]["limits"]["ephemeral-storage"]
    assert int(limit.removesuffix("Gi")) * 1024**3 > room


@pytest.mark.parametrize("app", APPS)
def test_pods_are_restricted(app: str) -> None:
    """Pods keep to the policy that their namespace enforces: no root, no privileges, no writing."""
    namespace = manifest("Namespace", "utter-transcribe")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    assert pod(app)["securityContext"]["runAsNonRoot"] is True
    assert pod(app)["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod(app)["automountServiceAccountToken"] is False
    assert container(app)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_route_leads_to_the_services() -> None:
    """The realtime path leads to the bridge, all else to the functions, by ports that exist."""
    gateway = manifest("Gateway", "utter-transcribe")["spec"]
    assert {listener["hostname"] for listener in gateway["listeners"]} == {_HOST}
    route = manifest("HTTPRoute", "utter-transcribe")["spec"]
    assert route["hostnames"] == [_HOST]
    found = {}
    for rule in route["rules"]:
        [match] = rule["matches"]
        [backend] = rule["backendRefs"]
        found[match["path"]["type"], match["path"]["value"]] = backend["name"]
        [port] = manifest("Service", backend["name"])["spec"]["ports"]
        assert backend["port"] == port["port"]
        [header] = rule["filters"][0]["responseHeaderModifier"]["set"]
        assert header["name"] == "Strict-Transport-Security"
    assert found == {("Exact", REALTIME_PATH): "bridge", ("PathPrefix", "/"): "functions"}
    listeners = {one["name"]: one["protocol"] for one in gateway["listeners"]}
    for name, protocol in (("utter-transcribe", "HTTPS"), ("to-https", "HTTP")):
        [parent] = manifest("HTTPRoute", name)["spec"]["parentRefs"]
        assert parent["name"] == "utter-transcribe"
        assert listeners[parent["sectionName"]] == protocol


def test_the_route_waits_as_long_as_the_services() -> None:
    """A live session has no timeout of the route's; a file has longer than its own limits."""
    live, rest = manifest("HTTPRoute", "utter-transcribe")["spec"]["rules"]
    assert live["timeouts"] == {"request": "0s"}
    fields = Settings.model_fields
    longest = fields["functions_upload_seconds"].default + fields["provider_file_seconds"].default
    assert float(rest["timeouts"]["request"].removesuffix("s")) > longest


def test_the_network_is_closed_but_for_what_is_needed() -> None:
    """Pods hear the gateway and the monitoring, and reach DNS and HTTPS outside of the cluster."""
    policies = {
        one["metadata"]["name"]: one["spec"]
        for one in manifests()
        if one["kind"] == "NetworkPolicy"
    }
    assert policies["default"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for app in APPS:
        public, metrics = policies[app]["ingress"]
        ports = {port["name"] for port in container(app)["ports"]}
        assert {public["ports"][0]["port"], metrics["ports"][0]["port"]} == ports
        assert metrics["ports"] == [{"port": "metrics"}]
        assert policies[app]["podSelector"]["matchLabels"] == {"app": app}
    dns, outside = policies["outside"]["egress"]
    assert {port["port"] for port in dns["ports"]} == {53}
    assert outside["ports"] == [{"port": 443, "protocol": "TCP"}]
    [four, six] = [one["ipBlock"] for one in outside["to"]]
    kept_in = [ipaddress.ip_network(one) for one in (*four["except"], *six["except"])]
    for address in ("10.96.0.1", "169.254.169.254", "192.168.1.1", "172.20.0.5", "fd00::1"):
        assert any(ipaddress.ip_address(address) in network for network in kept_in), address


def test_the_bridges_scale_before_they_are_full() -> None:
    """The autoscaler aims well below the sessions that one bridge takes."""
    [metric] = manifest("HorizontalPodAutoscaler", "bridge")["spec"]["metrics"]
    target = int(metric["pods"]["target"]["averageValue"])
    assert target <= Settings.model_fields["bridge_max_sessions"].default / 2
