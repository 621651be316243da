#!/usr/bin/env bash
# Measures a claim with a running `heretix serve`: prints the probability, its 95 % interval and the address of the record.
#
# usage: measure.sh CLAIM [MODEL]     MODEL is one that the service offers (default: local)
#        measure.sh --sign-in LINK    LINK is the one that `heretix serve` prints, or the one in the mail
#
# HERETIX_URL      where the service is (default: http://127.0.0.1:8080)
# HERETIX_COOKIES  the file that remembers who asks (default: ~/.heretix-cookies)
#
# The exit status is 0 for a measured claim, 1 if it was refused or could not be measured, 2 for a wrong call.
set -euo pipefail
shopt -s inherit_errexit # an error inside $(…) ends the script

server=${HERETIX_URL:-http://127.0.0.1:8080}
server=${server%/}
cookies=${HERETIX_COOKIES:-$HOME/.heretix-cookies}
umask 077 # whoever can read the cookies can read the checks
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  printf 'measure.sh: %s\n' "$1" >&2
  exit 1
}

# call PATH [CURL ARGUMENT…]: sends a request and prints the body of the reply. An error reply ends the script with what
# the service says about it.
call() {
  local told status type
  told=$(curl --silent --show-error --retry 3 --retry-max-time 30 --cookie "$cookies" --cookie-jar "$cookies" \
    --output "$work/reply" --write-out '%{http_code} %{content_type}' "${@:2}" "$server$1") ||
    fail "no reply from $server: is heretix serve running there? Set HERETIX_URL to use another address"
  read -r status type <<<"$told"

  if ((status >= 400)); then
    # Every error of the service is application/problem+json; any other comes from something in between, such as a proxy.
    [[ $type == application/problem+json* ]] || fail "HTTP $status from $server$1, with no reason given"
    fail "$(jq --raw-output '"\(.status) \(.title): \(.detail)\n  request \(.request_id)" +
      if .reason == "require_signin" then "\n  try: measure.sh --sign-in LINK" else "" end' "$work/reply")"
  fi
  cat "$work/reply"
}

# show_events ID: shows the progress of a check until its event stream ends. Sets `last` to the number of the last event.
show_events() {
  local name value
  while IFS=': ' read -r name value; do
    case $name in
      id) last=$value ;;
      data)
        # Progress is for people, so it appears on a terminal only.
        [ ! -t 2 ] || jq --join-output 'select(.questions) | "\r\(.answered) of \(.questions) answers "' <<<"$value" >&2
        ;;
    esac
  done < <(curl --silent --no-buffer --cookie "$cookies" --header "Last-Event-ID: $last" "$server/api/checks/$1/events")
  [ ! -t 2 ] || printf '\r\033[K' >&2
}

# print_result CHECK: prints what was measured. `belief_v2` is the number to report, with its interval (docs/estimator.md).
print_result() {
  jq --raw-output .claim <<<"$1"
  # awk rounds as the program does. In the C locale its decimal point is a point, as in JSON.
  jq --raw-output '.record.belief_v2 | "\(.p) \(.ci // [] | join(" "))"' <<<"$1" | LC_ALL=C awk '
    NF == 3 { printf "p = %.2f, 95 %% interval %.2f to %.2f\n", $1, $2, $3 }
    NF == 1 { printf "p = %.2f, no interval: only one wording has a usable answer\n", $1 }'
  printf 'record: %s/api/checks/%s\n' "$server" "$(jq --raw-output .id <<<"$1")"
}

# measure CLAIM MODEL: asks for a check, follows it to its end and prints the result.
measure() {
  local wish check id last=0
  wish=$(jq --null-input --arg claim "$1" --arg model "$2" '{claim: $claim, model: $model}')

  # With the key, a request that is sent again because its reply was lost makes no second check.
  check=$(call /api/checks --header "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
    --header 'Content-Type: application/json' --data-binary "$wish")
  id=$(jq --raw-output .id <<<"$check")

  # The stream ends with the check. It may also break, for instance when the service restarts; then it is asked for what
  # comes after the last event that was seen.
  while true; do
    show_events "$id"
    check=$(call "/api/checks/$id" --retry 10 --retry-delay 1 --retry-connrefused)
    case $(jq --raw-output .state <<<"$check") in
      done) break ;;
      queued | running) sleep 1 ;;
      *) fail "$(jq --raw-output '"the check \(.state)" + if .error then ": \(.error.detail)" else "" end' <<<"$check")" ;;
    esac
  done
  print_result "$check"
}

# sign_in LINK: from then on the checks are those of an account.
sign_in() {
  (call "/sign-in/${1##*/sign-in/}" --data '' >/dev/null) ||
    fail "the link was not accepted; each works once and for 10 minutes, and \`heretix user link ADDRESS\` makes another"
  echo "signed in; the cookie is in $cookies"
}

usage() {
  sed -n '4,5s/^# //p' "$0" >&2
  exit 2
}

for program in curl jq; do
  command -v "$program" >/dev/null || fail "$program is not installed: apt-get install $program"
done
case $#:${1:-} in
  2:--sign-in) sign_in "$2" ;;
  *:--sign-in | *:-h | *:--help) usage ;;
  1:* | 2:*) measure "$1" "${2:-local}" ;;
  *) usage ;;
esac
