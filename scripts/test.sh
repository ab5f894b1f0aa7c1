#!/bin/sh
# Everything that a change has to pass, on a Debian machine with Go. As root it
# installs what the tests need; otherwise it names it, and the tests that need
# it fail.
set -eu
cd "$(dirname "$0")/.."
started=$(date +%s)

missing=
need() { # need PACKAGE TEST…
  package=$1
  shift
  "$@" >/dev/null 2>&1 || missing="$missing $package"
}
need postgresql sh -c 'command -v initdb || ls /usr/lib/postgresql/*/bin/initdb'
need python3-requests /usr/bin/python3 -c 'import requests'
need curl command -v curl
need nodejs command -v node
need npm command -v npm
need fish command -v fish
need chromium command -v chromium
need ca-certificates command -v update-ca-certificates
need strace command -v strace
need gcc command -v cc # for the race detector
need libc6-dev test -e /usr/include/stdlib.h
if [ -n "$missing" ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "== installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086
    { apt-get -qq update && apt-get -qq install -y --no-install-recommends $missing >/dev/null; } ||
      echo "apt-get has failed; the tests that need$missing will too" >&2
  else
    echo "Some tests will fail without:  sudo apt-get install -y$missing" >&2
  fi
fi

echo "== build, vet, format"
make -s build
go vet ./...
unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
  echo "gofmt would change:" $unformatted >&2
  exit 1
fi

echo "== tools from npm"
scripts/npm.sh >/dev/null || echo "the tests that need them will fail" >&2

echo "== tests, with the race detector"
mkdir -p bin
go build -o bin/withpostgres ./scripts/withpostgres
# SQLite, which is C made into Go, is not ours to look for races in, and looking
# would be half of what the tests cost.
# The detector's pause at the end of each process is for output that is late, and
# the command line's tests run hundreds of processes.
GORACE=atexit_sleep_ms=0 bin/withpostgres go test -race -gcflags='modernc.org/...=-race=false -d=checkptr=0' -timeout 20m ./...

echo "== fuzzing what clients send"
fuzz() { # fuzz PACKAGE TIME
  targets=$(go test -list '^Fuzz' "$1")
  for target in $(echo "$targets" | grep '^Fuzz'); do
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$2" "$1"
  done
}
fuzz ./internal/wire 5s
fuzz ./internal/resource 3s
fuzz ./internal/kinds 3s

echo "== all passed in $(($(date +%s) - started)) s"
