#!/bin/sh
# OneAPI with curl: a token by form, calls with it, and the end that activates.
set -eu
base=https://api.zsapi.net/ztw/api/v1
token=$(curl --silent --show-error --fail-with-body "https://$ZSCALER_VANITY_DOMAIN.zslogin.net/oauth2/v1/token" \
  --data grant_type=client_credentials --data "client_id=$ZSCALER_CLIENT_ID" --data-urlencode "client_secret=$ZSCALER_CLIENT_SECRET" \
  --data audience=https://api.zscaler.com | sed 's/.*"access_token":"\([^"]*\)".*/\1/')

call() { # call METHOD PATH [BODY]
  method=$1 path=$2
  shift 2
  curl --silent --show-error --fail-with-body --request "$method" --header "Authorization: Bearer $token" ${1+--json "$1"} "$base$path"
}

group=$(call POST /ipSourceGroups '{"name":"from curl","ipAddresses":["10.0.0.0/8"]}')
echo "$group"
id=$(printf %s "$group" | sed 's/.*"id":\([0-9]*\).*/\1/')
call GET /ecAdminActivateStatus
echo
call DELETE /auth
echo
call GET /ecAdminActivateStatus
echo
call DELETE "/ipSourceGroups/$id"
if call GET "/ipSourceGroups/$id"; then exit 1; fi
echo
token=unknown
if call GET /ecgroup; then exit 1; fi
echo
