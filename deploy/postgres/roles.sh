#!/bin/sh
# Runs once, when the database folder is made: a role and a database for each, and nobody in another's.
set -eu
secret() { cat "/run/secrets/$1"; }
psql -v ON_ERROR_STOP=1 -U postgres \
  -v temporal="$(secret temporal_db_password)" \
  -v owner="$(secret countersign_owner_password)" \
  -v app="$(secret countersign_password)" <<'SQL'
create role temporal login password :'temporal';
create role countersign_owner login password :'owner';
create role countersign login password :'app';
create database temporal owner temporal;
create database temporal_visibility owner temporal;
create database countersign owner countersign_owner;
revoke connect on database temporal, temporal_visibility, countersign from public;
grant connect on database countersign to countersign;
SQL
