"""The chart, as Helm's own code lints and renders it, against the schemas of Kubernetes. Needs helm-python-sdk and kubernetes-validate."""

import sys
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import yaml

CHART = Path(__file__).parent
# Of the Kubernetes in which it is to be accepted: the oldest of Chart.yaml, and a new one.
VERSIONS = ["1.29", "1.34"]
# Each with what must be so in what is rendered.
VARIANTS = {
    "as it comes": {},
    "everything": {
        "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
        "networkPolicy": {"enabled": True, "metricsFrom": [{"kubernetes.io/metadata.name": "monitoring"}]},
        "has": {"apiKey": True, "slack": True, "slackAppToken": True, "temporalApiKey": True, "smtp": True},
        "policies": {"configMap": "policies"},
        "env": {"COUNTERSIGN_LOG_LEVEL": "warn", "COUNTERSIGN_REQUESTS_AT_ONCE": 64},
        "imagePullSecrets": [{"name": "registry"}],
    },
    "no Slack": {"has": {"slack": False}, "migrate": {"enabled": False}},
}
WRONG = [{"url": "https://example.com/"}, {"terminationGracePeriodSeconds": 5}, {"temporal": {"address": "temporal"}}]


def pod_faults(where, pod):
    """What a pod of ours must be, whatever the schema allows."""
    for container in pod["containers"]:
        security = container["securityContext"]
        if not security["readOnlyRootFilesystem"] or security["allowPrivilegeEscalation"]:
            yield f"{where}: it may write its own files, or become more than it is"
        for one in container.get("env", []):
            if any(word in one["name"] for word in ("SECRET", "TOKEN", "API_KEY", "DATABASE_URL", "KEYS")):
                if not one["name"].endswith("_FILE"):
                    yield f"{where}: {one['name']} is a secret in the environment"
    if not pod["securityContext"]["runAsNonRoot"] or pod["automountServiceAccountToken"]:
        yield f"{where}: it runs as root, or with a token of the cluster"
    for volume in pod["volumes"]:
        if "persistentVolumeClaim" in volume or "hostPath" in volume:
            yield f"{where}: {volume['name']} is a folder that others write"


def faults():
    found = helm.lint(str(CHART))
    for message in found["messages"]:
        # Below a warning: an icon, which is for catalogues.
        if message["severity"] > 1:
            yield f"lint: {message}"
    with helm.Chart.load(str(CHART)) as chart:
        for name, values in VARIANTS.items():
            documents = []
            for file, text in chart.render(values, name="test", namespace="test").items():
                if file.endswith(".yaml"):
                    documents += [one for one in yaml.safe_load_all(text) if one]
            kinds = sorted(f"{one['kind']}/{one['metadata']['name']}" for one in documents)
            print(f"{name}: {', '.join(kinds)}")
            for document in documents:
                where = f"{name}: {document['kind']} {document['metadata']['name']}"
                for version in VERSIONS:
                    try:
                        kubernetes_validate.validate(document, version, strict=True)
                    except kubernetes_validate.ValidationError as error:
                        yield f"{where} is none of Kubernetes {version}: {error.message}"
                if document["kind"] in ("Deployment", "Job"):
                    yield from pod_faults(where, document["spec"]["template"]["spec"])
        for values in WRONG:
            try:
                chart.validate_schema(values)
            except helm.HelmError:
                continue
            yield f"the schema of values accepts {values}"


wrong = list(faults())
print("\n".join(wrong) or "the chart is as it should be")
sys.exit(1 if wrong else 0)
