#!/usr/bin/env bash
# Checks the alert rules and runs their tests with promtool: the one on PATH, else Debian's, unpacked and not installed (19 MB, a few seconds).
# apt compares what it loads with Debian's signed lists.
#
# $1 `install` or `run`
# $2 a folder for what is unpacked, which the caller removes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p "$2"
place=$(cd "$2" && pwd)
promtool=$(command -v promtool || echo "$place/usr/bin/promtool")

case $1 in
  install)
    [[ -x $promtool ]] && exit
    cd "$place"
    load=(apt-get download -q -o APT::Sandbox::User=root prometheus)
    # Lists that are missing or old: loaded, and tried again.
    "${load[@]}" || { apt-get update -q && "${load[@]}"; }
    dpkg -x prometheus_*.deb .
    rm prometheus_*.deb
    ;;
  run)
    "$promtool" check rules alerts.yaml
    "$promtool" test rules alerts.test.yaml
    ;;
  *)
    echo "there is no \`$1\`; there is install and run" >&2
    exit 2
    ;;
esac
