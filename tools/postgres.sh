#!/usr/bin/env bash
# The local database of tools/docker-compose.yml from Debian's PostgreSQL, for where no Docker engine runs: port 5433, user,
# password and database "heretix", as an unprivileged user, data below the project.
#
# usage: tools/postgres.sh start|stop|status
#
# HERETIX_POSTGRES_PORT (5433) and HERETIX_POSTGRES_DATA (runs/postgres) name another place.
set -euo pipefail
cd "$(dirname "$0")/.."
port=${HERETIX_POSTGRES_PORT:-5433}
data=$(realpath -m "${HERETIX_POSTGRES_DATA:-runs/postgres}")
say() { printf 'db: %s\n' "$*" >&2; }

programs=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
[ -d "$programs" ] || { say "PostgreSQL is not installed; run tools/setup.sh db"; exit 3; }

# The server refuses to run as root; Debian's package made the user postgres for it.
as_user() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && exec setpriv --reuid=postgres --regid=postgres --init-groups --reset-env "$@"); else "$@"; fi
}

is_running() { [ -f "$data/postmaster.pid" ] && as_user "$programs/pg_ctl" status -D "$data" >/dev/null 2>&1; }

create() {
  mkdir -p "$data"
  [ "$(id -u)" -ne 0 ] || chown postgres: "$data"
  chmod 700 "$data"
  if ! as_user test -w "$data"; then
    say "the user postgres cannot reach $data: a folder above it is closed to others"
    say "run this as an ordinary user, clone elsewhere, or set HERETIX_POSTGRES_DATA=/var/tmp/heretix-postgres"
    exit 4
  fi
  say "creating the database in $data"
  local password
  password=$(mktemp)
  echo heretix >"$password"
  [ "$(id -u)" -ne 0 ] || chown postgres: "$password"
  as_user "$programs/initdb" -D "$data" -U heretix --pwfile="$password" --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8 >/dev/null
  rm "$password"
  printf "listen_addresses = 'localhost'\nunix_socket_directories = ''\n" | as_user tee -a "$data/postgresql.conf" >/dev/null
}

start() {
  if is_running; then say "already running on port $port"; return; fi
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    say "port $port is taken by another program; stop it, or set HERETIX_POSTGRES_PORT"
    exit 5
  fi
  [ -f "$data/PG_VERSION" ] || create
  if ! as_user "$programs/pg_ctl" start -w -D "$data" -l "$data/log" -o "-p $port" >/dev/null; then
    as_user tail -5 "$data/log" >&2
    exit 5
  fi
  PGPASSWORD=heretix "$programs/psql" -h localhost -p "$port" -U heretix -d postgres -qAt -v ON_ERROR_STOP=1 <<'END'
SELECT 'CREATE DATABASE heretix' WHERE NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'heretix') \gexec
END
  say "running on port $port; next: build/release/bin/heretix db upgrade"
}

case ${1:-} in
  start) start ;;
  stop) if is_running; then as_user "$programs/pg_ctl" stop -w -m fast -D "$data" >/dev/null; say "stopped"; else say "not running"; fi ;;
  status) if is_running; then say "running on port $port, data in $data"; else say "not running"; exit 1; fi ;;
  *) say "usage: tools/postgres.sh start|stop|status"; exit 2 ;;
esac
