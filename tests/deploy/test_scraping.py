"""Who is asked for metrics, and where."""

from tests.deploy.files import DEPLOY, OBSERVABILITY, document, manifest
from transcription.process.metrics import Metrics


def test_compose_services_are_asked() -> None:
    """Prometheus beside the compose file asks every replica, at the port that it serves."""
    services = document(DEPLOY / "compose.yaml")["services"]
    jobs = document(OBSERVABILITY / "prometheus.yaml")["scrape_configs"]
    asked = {
        (job["job_name"], target)
        for job in jobs
        for config in job["static_configs"]
        for target in config["targets"]
    }
    there = set()
    for name, service in services.items():
        kind = name.partition("-")[0]
        if kind in {"bridge", "functions"}:
            port = service["environment"][f"{kind.upper()}_METRICS_PORT"]
            there.add((f"utter-{kind}", f"{name}:{port}"))
    assert asked == there


def test_pods_are_asked() -> None:
    """A pod is found by its annotation and its port's name, and named as the rules name it."""
    [job] = document(OBSERVABILITY / "prometheus-kubernetes.yaml")["scrape_configs"]
    rules = {
        next(iter(rule["source_labels"])).removeprefix("__meta_kubernetes_"): rule
        for rule in job["relabel_configs"]
    }
    for app in ("bridge", "functions"):
        template = manifest("Deployment", app)["spec"]["template"]
        scraped = template["metadata"]["annotations"]
        [container] = template["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert (
            scraped["prometheus.io/scrape"] == rules["pod_annotation_prometheus_io_scrape"]["regex"]
        )
        assert scraped["prometheus.io/port"] == str(ports["metrics"])
        assert rules["pod_container_port_name"]["regex"] == "metrics"
        assert template["metadata"]["labels"]["app"] == app
    assert rules["pod_label_app"]["replacement"] == "utter-$1"
    assert job["kubernetes_sd_configs"][0]["namespaces"]["names"] == ["utter-transcribe"]


def test_bridges_are_scaled_by_a_gauge_that_there_is() -> None:
    """The autoscaler, the adapter and the bridge call the gauge by one name."""
    [rule] = document(OBSERVABILITY / "adapter.yaml")
    [metric] = manifest("HorizontalPodAutoscaler", "bridge")["spec"]["metrics"]
    name = metric["pods"]["metric"]["name"]
    assert rule["name"]["as"] == name
    assert rule["seriesQuery"].startswith(f"{name}{{")
    assert Metrics().registry.get_sample_value(name) == 0
