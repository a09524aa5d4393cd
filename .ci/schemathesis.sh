#!/usr/bin/env bash
# Asks a throw-away stack everything that its OpenAPI document allows, and much that it does not: no 5xx, no undocumented status, no answer
# that its schema does not describe. schemathesis comes from PyPI, into a place of its own.
#
# $1 `install`, and then `run`
# $2 a folder for all of it, which the caller removes.
set -euo pipefail
mkdir -p "$2/data"
place=$(cd "$2" && pwd)

if [[ $1 == install ]]; then
  if python3 -m venv "$place/venv" >/dev/null 2>&1; then
    "$place/venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.5'
  else
    # A Python without venv gets a folder of packages instead.
    rm -rf "$place/venv"
    python3 -m pip install --quiet --disable-pip-version-check --target "$place/packages" 'schemathesis==4.32.5'
  fi
  exit
fi
if [[ -d $place/venv ]]; then
  schemathesis=("$place/venv/bin/schemathesis")
else
  schemathesis=(env PYTHONPATH="$place/packages:$place" python3 -m schemathesis.cli)
fi

COUNTERSIGN_PORT=0 COUNTERSIGN_DATA="$place/data" COUNTERSIGN_LOG_LEVEL=error \
  node bin/countersign.js start --json >"$place/out" 2>"$place/err" &
stack=$!
trap 'kill "$stack" 2>/dev/null; wait "$stack" 2>/dev/null || true' EXIT
for _ in $(seq 240); do
  [[ -s $place/out ]] && break
  kill -0 "$stack" 2>/dev/null || { cat "$place/err" >&2; exit 1; }
  sleep 0.5
done
url=$(node -p 'JSON.parse(require("node:fs").readFileSync(process.argv[1], "utf8").split("\n")[0]).url' "$place/out")

# The seed makes one run like the next; the number of examples bounds it. What it remembers stays in its place.
key=$(<"$place/data/first-key")
cp .ci/schemathesis_hooks.py "$place/"
cd "$place"
SCHEMATHESIS_HOOKS=schemathesis_hooks PYTHONPATH=$place "${schemathesis[@]}" run "$url/openapi.json" \
  --header "Authorization: Bearer $key" \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
  --phases examples,coverage,fuzzing --max-examples 8 --seed 1 --workers 2 --request-timeout 75
