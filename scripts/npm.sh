#!/bin/sh
# Installs the tools from npm that tests run, outside of the checkout and once
# for each list of versions, and prints the directory that they are in.
set -eu
cd "$(dirname "$0")/../tools/npm"
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  echo "node and npm are not installed; run: apt-get install -y nodejs npm" >&2
  exit 1
fi
cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/spurline
dir=$cache/npm-$(cat package-lock.json | sha256sum | cut -c1-16)
if [ ! -e "$dir/installed" ]; then
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/installing-XXXXXX")
  trap 'rm -rf "$new"' EXIT
  cp package.json package-lock.json .npmrc "$new"
  npm ci --prefix "$new" --ignore-scripts --no-progress >&2
  touch "$new/installed"
  # Another run may have been first.
  mv -T "$new" "$dir" 2>/dev/null || test -e "$dir/installed"
fi
echo "$dir"
