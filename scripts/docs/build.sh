#!/usr/bin/env bash
# npm run docs [-- FOLDER]: the documentation as a site that works from disk, without a network. Material for MkDocs comes
# from PyPI, what a page would load from elsewhere from npm; both are kept beside the product.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$(realpath -m "${1:-dist/docs}")
place=$(realpath -m "${COUNTERSIGN_CACHE:-.cache}/docs-9.8.2")
mkdir -p "$place"
if [[ ! -d $place/python/mkdocs ]]; then
  python3 -m pip install --quiet --disable-pip-version-check --target "$place/python" mkdocs-material==9.8.2
fi
if [[ ! -f $place/node_modules/iframe-worker/shim/index.js ]]; then
  npm install --silent --no-save --ignore-scripts --prefix "$place" mermaid@11 iframe-worker@1
fi
export COUNTERSIGN_DOCS_PACKAGES=$place/node_modules NO_MKDOCS_2_WARNING=1
PYTHONPATH=$place/python python3 -m mkdocs build --quiet --strict --site-dir "$out"
echo "$out/index.html: $(find "$out" -name '*.html' | wc -l) pages"
