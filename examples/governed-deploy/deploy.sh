#!/usr/bin/env bash
# A deployment that runs only with a yes: `./deploy.sh VERSION`. The plan is hashed into the request, so what was approved is what is applied.
set -euo pipefail
version=$1
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
printf 'service checkout: image checkout:%s, replicas 3\n' "$version" >"$plan"

# Everything behind `--` runs with the permit in its environment, at most once; its exit code is ours, and it is reported.
countersign run --surface deploy.prod --actor agent:pipeline --resource service=checkout \
  --param "version=$version" --param tests=passed --file "$plan" -- \
  bash -c 'echo "applying: $(cat "$0")"' "$plan"
