#!/usr/bin/env bash
# npm run sbom [-- FILE]: the bill of materials of what runs, in CycloneDX 1.6, from package-lock.json; the same bytes for the same lock file.
# The tool is installed beside the product, pinned: it brings more packages than it lists kinds of.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-.cache/sbom.cdx.json}
place=${COUNTERSIGN_CACHE:-.cache}/cyclonedx-6.0.1
if [[ ! -x $place/node_modules/.bin/cyclonedx-npm ]]; then
  npm install --silent --no-save --omit=optional --ignore-scripts --prefix "$place" @cyclonedx/cyclonedx-npm@6.0.1
fi
mkdir -p "$(dirname "$out")"
"$place/node_modules/.bin/cyclonedx-npm" --package-lock-only --omit dev --output-reproducible --spec-version 1.6 \
  --output-format JSON --no-validate --output-file "$out"
node -e '
  const { packages } = require("./package-lock.json");
  // What is installed within a package is listed within it.
  const purls = ({ purl, components = [] }) => [purl, ...components.flatMap(purls)];
  const listed = new Set(purls(require(require("node:path").resolve(process.argv[1]))));
  const runtime = Object.entries(packages).filter(([path, { dev, link }]) => path.includes("node_modules/") && !dev && !link);
  const purl = ([path, { version }]) => `pkg:npm/${path.split("node_modules/").pop().replace("@", "%40")}@${version}`;
  const missing = runtime.map(purl).filter((one) => !listed.has(one));
  if (missing.length > 0) throw new Error(`the bill of materials lacks ${missing.join(", ")}`);
  console.log(`${process.argv[1]}: ${listed.size} packages, all ${runtime.length} of the lock file that run`);
' "$out"
