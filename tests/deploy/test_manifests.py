"""Compose file and Kubernetes manifests: valid by their schemas, and consistent with the image and the server."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from flowproof.cli import main
from flowproof.kernel.control.access import PREFIX
from tests import tree

VERSION = "1.33"
FOLDER = tree.ROOT / "deploy" / "kubernetes"
MANIFESTS = [path for path in tree.files("deploy/kubernetes") if path.name != "kustomization.yaml"]


def manifest(name: str) -> Any:
    """A manifest as data."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def container() -> Any:
    """The one container of the Deployment."""
    (found,) = manifest("deployment.yaml")["spec"]["template"]["spec"]["containers"]
    return found


@pytest.mark.parametrize("path", MANIFESTS, ids=tree.name)
def test_manifest_is_valid_by_its_schema(path: Path) -> None:
    """Each manifest has the fields that its kind has in Kubernetes, and no other."""
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        kubernetes_validate.validate(each, VERSION, strict=True)


def test_schema_refuses_a_field_that_is_misspelled() -> None:
    """The schemas are strict: a field that no kind has is refused."""
    wrong = manifest("deployment.yaml")
    wrong["spec"]["replica"] = 3

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def test_kustomization_names_each_manifest() -> None:
    """`kubectl apply -k` applies all of the folder."""
    assert sorted(manifest("kustomization.yaml")["resources"]) == sorted(path.name for path in MANIFESTS)


def test_selectors_select_the_pods() -> None:
    """Deployment, Service, budget and spread select the labels that the pods have."""
    spec = manifest("deployment.yaml")["spec"]
    labels = spec["template"]["metadata"]["labels"]

    assert spec["selector"]["matchLabels"] == labels
    assert manifest("service.yaml")["spec"]["selector"] == labels
    assert manifest("disruption-budget.yaml")["spec"]["selector"]["matchLabels"] == labels
    assert spec["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"] == labels


def test_one_pod_may_be_away_at_a_time() -> None:
    """Of three pods a drain may take one, and a new version takes none before its successor is ready."""
    spec = manifest("deployment.yaml")["spec"]

    assert spec["replicas"] - manifest("disruption-budget.yaml")["spec"]["minAvailable"] == 1
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_probes_ask_the_control_api() -> None:
    """A pod lives while it is healthy, and gets requests while it is ready."""
    found = {name: container()[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}

    assert found == {
        "startupProbe": f"{PREFIX}/health",
        "livenessProbe": f"{PREFIX}/health",
        "readinessProbe": f"{PREFIX}/ready",
    }


def test_variables_are_settings_of_serve() -> None:
    """Each variable of the Deployment and of the compose file is read by serve, or by PostgreSQL's library."""
    compose = yaml.safe_load((tree.ROOT / "compose.yaml").read_text(encoding="utf-8"))
    named = {each["name"] for each in container()["env"]} | set(compose["services"]["flowproof"]["environment"])
    read = {f"FLOWPROOF_SERVE_{each.name.upper()}" for each in main.commands["serve"].params if each.name}

    assert named - read == {"FLOWPROOF_TOKEN", "PGPASSWORD"}


def test_containers_cannot_write_to_their_root() -> None:
    """In Kubernetes and with compose the root file system is read-only, and nothing may gain rights."""
    compose = yaml.safe_load((tree.ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["flowproof"]
    security = container()["securityContext"]

    assert (security["readOnlyRootFilesystem"], security["allowPrivilegeEscalation"]) == (True, False)
    assert (compose["read_only"], compose["cap_drop"]) == (True, ["ALL"])


def test_compose_file_is_valid_by_its_schema() -> None:
    """The compose file is valid by the schema of the Compose specification."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"]

    done = subprocess.run(command, cwd=tree.ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout.strip()) == (0, "ok -- validation done")
