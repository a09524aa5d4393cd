#!/bin/sh
# The secrets of docker-compose.yml as files in ./secrets, made where there are none yet: `sh deploy/compose/secrets.sh`.
# Of a Slack app: SLACK_BOT_TOKEN=xoxb-… SLACK_SIGNING_SECRET=… sh deploy/compose/secrets.sh
# Without one, people decide in the console and over the API; stand-ins are written, which Slack takes from nobody.
set -eu
umask 077
mkdir -p secrets

# put NAME VALUE: only where nothing is yet. Containers read them as users of their own; on this machine nobody else gets into the folder.
put() {
  [ -s "secrets/$1" ] && return
  printf '%s\n' "$2" >"secrets/$1"
  chmod 644 "secrets/$1"
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }

for one in postgres_password temporal_db_password countersign_owner_password countersign_password api_key; do put "$one" "$(random)"; done
put database_owner_url "postgres://countersign_owner:$(cat secrets/countersign_owner_password)@postgres:5432/countersign"
put database_url "postgres://countersign:$(cat secrets/countersign_password)@postgres:5432/countersign"
put slack_bot_token "${SLACK_BOT_TOKEN:-xoxb-none}"
put slack_signing_secret "${SLACK_SIGNING_SECRET:-none-$(random)}"
echo 'the secrets are in ./secrets; your API key is in secrets/api_key'
