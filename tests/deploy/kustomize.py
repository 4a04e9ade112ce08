"""What `kubectl kustomize` makes of `deploy/kubernetes`, as far as that folder needs it.

`rendered.yaml` is what kustomize itself (5.5) made of the values below; a test holds this to it.
After a change of the folder, make it again: put the values into `values.env` of a copy of the
folder, and run `kubectl kustomize` there.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

VALUES: Final = {
    "HOST": "voices.test",
    "GATEWAY_CLASS": "mine",
    "SUPABASE_URL": "https://mine.supabase.co",
    "SUPABASE_PUBLISHABLE_KEY": "sb_publishable_mine",
    "TRUSTED_PROXY_HOPS": "2",
}
"""Of `rendered.yaml`."""
_KNOWN: Final = {
    *("apiVersion", "kind", "namespace", "resources", "images"),
    *("configMapGenerator", "replacements"),
}


def render(folder: Path, values: Mapping[str, str] | None = None) -> list[Any]:
    """Return the objects that would be sent to a cluster.

    Args:
        folder: With `kustomization.yaml`.
        values: In the place of those of `values.env`.
    """
    wanted = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert wanted.keys() <= _KNOWN
    objects = [
        one
        for name in wanted["resources"]
        for one in yaml.safe_load_all((folder / name).read_text())
        if one is not None
    ]
    [generator] = wanted["configMapGenerator"]
    [file] = generator["envs"]
    values = values if values is not None else _values(folder / file)
    for one in wanted["replacements"]:
        _replace(objects, one, values)
    [image] = wanted["images"]
    for one in objects:
        if one["kind"] != "Namespace":
            one["metadata"]["namespace"] = wanted["namespace"]
        if one["kind"] == "Deployment":
            for container in one["spec"]["template"]["spec"]["containers"]:
                if container["image"] == image["name"]:
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return objects


def _values(file: Path) -> dict[str, str]:
    lines = (line for line in file.read_text().splitlines() if line and not line.startswith("#"))
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _replace(objects: list[Any], replacement: Any, values: Mapping[str, str]) -> None:
    value = values[replacement["source"]["fieldPath"].removeprefix("data.")]
    for target in replacement["targets"]:
        select, options = target["select"], target.get("options")
        chosen = [
            one
            for one in objects
            if one["kind"] == select["kind"]
            and select.get("name", one["metadata"]["name"]) == one["metadata"]["name"]
        ]
        assert chosen, select
        for one in chosen:
            for path in target["fieldPaths"]:
                assert _set(one, path.split("."), value, options), f"{select} has no {path}"


def _set(within: Any, path: list[str], value: str, options: Any) -> bool:
    """Put a value into a place, and tell whether there is such a place."""
    first, *rest = path
    if first == "*":
        return all(_set(one, rest, value, options) for one in within)
    key = int(first) if isinstance(within, list) else first
    if isinstance(within, dict) and key not in within:
        return False
    if rest:
        return _set(within[key], rest, value, options)
    if options:
        parts = within[key].split(options["delimiter"])
        parts[options["index"]] = value
        value = options["delimiter"].join(parts)
    within[key] = copy.copy(value)
    return True
