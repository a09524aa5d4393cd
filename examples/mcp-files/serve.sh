#!/usr/bin/env bash
# Put this in place of the file server in an MCP client's settings: `./serve.sh FOLDER`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
server=${FILE_SERVER:-npx -y @modelcontextprotocol/server-filesystem}
# shellcheck disable=SC2086 # a command and its arguments
exec countersign mcp --mapping "$here/files.mapping.yaml" --state "${STATE:-.countersign-mcp/files}" --actor agent:writer -- $server "$1"
