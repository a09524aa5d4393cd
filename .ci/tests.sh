#!/usr/bin/env bash
# .ci/tests.sh REPORT COMMAND…: runs tests and writes REPORT.json. Where one to three files failed, they are run once more, by themselves,
# into REPORT.again.json: six thousand tests start some two hundred servers on two cores, and one that a busy machine let down is no
# reason to do it all again. The report names every such file; one that fails twice has failed.
set -euo pipefail
report=$1
shift
outputs() { echo --reporter=default --reporter=json --outputFile.json="$1"; }
# shellcheck disable=SC2046 # no path here has a space
"$@" $(outputs "$report.json") && exit
mapfile -t files < <(node .ci/failed-files.mjs "$report.json")
((${#files[@]} > 0 && ${#files[@]} <= 3)) || exit 1
echo "── once more, by themselves: ${files[*]}"
# shellcheck disable=SC2046
node node_modules/vitest/vitest.mjs run "${files[@]}" --no-file-parallelism $(outputs "$report.again.json")
