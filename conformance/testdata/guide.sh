#!/bin/sh
# The guide's shell variant of a session, with curl: whole seconds and three
# zeroes for a timestamp (behaviours.md 1.21), a cookie jar, no Accept of its
# own.
set -eu
base="https://connector.$ZTC_CLOUD.net/api/v1"
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT

now="$(date +%s)000"
digits=$(printf %s "$now" | tail -c 6)
half=$(printf %06d "$(($(printf %s "$digits" | sed 's/^0*//;s/^$/0/') / 2))")
key=
for i in $(printf %s "$digits" | sed 's/./& /g'); do key=$key$(printf %s "$ZTC_API_KEY" | cut -c "$((i + 1))"); done
for i in $(printf %s "$half" | sed 's/./& /g'); do key=$key$(printf %s "$ZTC_API_KEY" | cut -c "$((i + 3))"); done

call() { # call METHOD PATH [BODY]: the answer's body, or the status and the body when it is an error
  method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --cookie "$jar" --cookie-jar "$jar" --request "$method" \
    --header 'Content-Type: application/json' ${1+--data "$1"} "$base$path"
}

call POST /auth "{\"apiKey\":\"$key\",\"username\":\"$ZTC_USERNAME\",\"password\":\"$ZTC_PASSWORD\",\"timestamp\":\"$now\"}" >/dev/null
call GET /auth
echo
call GET '/networkServices?page=1&pageSize=1'
echo
group=$(call POST /ipSourceGroups '{"name":"from curl","ipAddresses":["10.0.0.0/8"]}')
echo "$group"
id=$(printf %s "$group" | sed 's/.*"id":\([0-9]*\).*/\1/')
call PUT /ecAdminActivateStatus/activate
echo
call DELETE "/ipSourceGroups/$id"
if call GET "/ipSourceGroups/$id"; then exit 1; fi
echo
call DELETE /auth
echo
if call GET /ecAdminActivateStatus; then exit 1; fi
echo
