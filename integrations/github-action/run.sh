#!/usr/bin/env bash
# The inputs of action.yml as options of `countersign run`.
set -euo pipefail

args=(run --surface "$INPUT_SURFACE" --action "$INPUT_ACTION" --audience "$INPUT_AUDIENCE")

# each OPTION LINES: the option once for every line that says something.
each() {
  local line
  while IFS= read -r line; do
    if [[ -n ${line//[[:space:]]/} ]]; then args+=("$1" "${line#"${line%%[![:space:]]*}"}"); fi
  done <<<"$2"
}
each --param "$INPUT_PARAMS"
each --resource "$INPUT_RESOURCE"
each --context "$INPUT_CONTEXT"

if [[ -n $INPUT_FILE ]]; then args+=(--file "$INPUT_FILE"); fi
if [[ -n $INPUT_WAIT ]]; then args+=(--wait "$INPUT_WAIT"); fi
if [[ -n $INPUT_RESUME ]]; then args+=(--resume "$INPUT_RESUME"); fi
if [[ -n $INPUT_URL ]]; then args+=(--url "$INPUT_URL"); fi
if [[ $INPUT_DETACH == true ]]; then args+=(--detach); fi

read -ra command <<<"$INPUT_COMMAND"
status=0
"${command[@]}" "${args[@]}" -- bash -euo pipefail -c "$INPUT_RUN" || status=$?
# A job that only asks has done what it was to do when it waits.
if [[ $INPUT_DETACH == true && $status == 124 ]]; then status=0; fi
exit "$status"
