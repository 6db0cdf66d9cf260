# The gateway and the sandbox on this machine, without configuration. Sourced by ./dev.

# Reads NAME=value lines of .env as text: nothing in it is executed, and what is set already stays.
read_env_file() {
  local line name value
  [[ -f .env ]] || return 0
  say "Reading .env"
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
    name=${BASH_REMATCH[2]} value=${BASH_REMATCH[3]}
    [[ $value =~ ^\"(.*)\"[[:space:]]*$ || $value =~ ^\'(.*)\'[[:space:]]*$ ]] && value=${BASH_REMATCH[1]}
    [[ -n ${!name+set} ]] || export "$name=$value"
  done <.env
}

port_must_be_free() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; then
    die "Port $2 is taken. End what listens there, or choose another: $1=$(($2 + 10)) ./dev run"
  fi
}

# make_key <file> [argument]...: the words that go with a new key are of no use here, unless it failed.
make_key() {
  local file=$1 words
  shift
  [[ -s $file ]] || words=$(umask 077 && build/bin/auth-gateway generate-keys "$@" 2>&1 >"$file") || die "$words"
}

# Keys are made once and stay: a database can be read only with the key that it was written with.
make_keys() {
  (umask 077 && mkdir -p var)
  chmod 700 var
  [[ -s var/encryption-key && -s var/api-key ]] && return
  say "Making keys in var/ (first start)"
  make_key var/encryption-key
  make_key var/api-key --api-key
}

set_environment() {
  export PORT=${PORT:-8000} HOST=${HOST:-127.0.0.1}
  export SANDBOX_PORT=${SANDBOX_PORT:-8001}
  export OAUTH_CALLBACK_BASE=${OAUTH_CALLBACK_BASE:-http://localhost:$PORT}
  export LOG_FORMAT=${LOG_FORMAT:-text}
  export DATABASE_URL=${DATABASE_URL:-sqlite:///var/auth-gateway.db}
  [[ ${AUTH_GATEWAY_ENCRYPTION_KEY:-}${AUTH_GATEWAY_ENCRYPTION_KEY_FILE:-} ]] ||
    export AUTH_GATEWAY_ENCRYPTION_KEY_FILE=var/encryption-key
  [[ ${AUTH_GATEWAY_API_KEY:-}${AUTH_GATEWAY_API_KEY_FILE:-} ]] || export AUTH_GATEWAY_API_KEY_FILE=var/api-key
  # The sandbox knows this client by itself; nothing here is secret.
  export SANDBOX_URL=http://localhost:$SANDBOX_PORT SANDBOX_CLIENT_ID=sandbox-client SANDBOX_CLIENT_SECRET=sandbox-secret
  export SANDBOX_WEBHOOK_SECRET=sandbox-webhook-secret SANDBOX_APP_KEY_PATH=var/sandbox/app.pem
}

# wait_until_healthy <url> <pid> <name>
wait_until_healthy() {
  local try
  for ((try = 0; try < 600; try++)); do
    curl --silent --fail --max-time 2 --output /dev/null "$1" && return
    kill -0 "$2" 2>/dev/null || die "The $3 ended; its reason stands above."
    sleep 0.05
  done
  die "The $3 does not answer at $1."
}

# The key as a header, from a file descriptor, so that no process list shows it.
with_api_key() {
  local key=${AUTH_GATEWAY_API_KEY:-}
  [[ $key ]] || key=$(<"$AUTH_GATEWAY_API_KEY_FILE")
  curl --silent --show-error --header @<(printf 'X-API-Key: %s\n' "$key") "$@"
}

# The key as a shell at the terminal gets it.
shown_api_key() {
  if [[ ${AUTH_GATEWAY_API_KEY:-} ]]; then echo '$AUTH_GATEWAY_API_KEY'; else echo "\$(cat $(realpath "$AUTH_GATEWAY_API_KEY_FILE"))"; fi
}

# consent_link <provider>
consent_link() {
  local answer link
  answer=$(with_api_key --header 'Content-Type: application/json' \
    --data "{\"provider\":\"$1\",\"user_email\":\"alice@example.com\"}" "http://localhost:$PORT/auth/init")
  link=$(sed -nE 's/.*"auth_url":"([^"]*)".*/\1/p' <<<"$answer")
  [[ $link ]] || die "POST /auth/init gave no link: $answer"
  echo "$link"
}

# install_link <provider>
install_link() {
  local answer link
  answer=$(with_api_key --header 'Content-Type: application/json' --data '{}' "http://localhost:$PORT/oauth/install/$1")
  link=$(sed -nE 's/.*"install_url":"([^"]*)".*/\1/p' <<<"$answer")
  [[ $link ]] || die "POST /oauth/install/$1 gave no link: $answer"
  echo "$link"
}

print_links() {
  local gateway=http://localhost:$PORT played=(google github jira meta microsoft slack) readers=() reader link name index
  for name in sandbox "${played[@]/#/sandbox-}"; do  # all at once: a start takes less than a second
    exec {reader}< <(consent_link "$name")
    readers+=("$reader")
  done
  IFS= read -r link <&"${readers[0]}" || exit 1  # consent_link has said why
  cat <<TEXT

The gateway runs at $gateway (its manual: $gateway/docs), the sandbox at $SANDBOX_URL.

1. Open this link and consent as alice@example.com:

  $link

2. Then ask for the token, as often as you like:

  curl -s $gateway/auth/token -H "X-API-Key: $(shown_api_key)" -H 'Content-Type: application/json' -d '{"provider":"sandbox","user_email":"alice@example.com"}'

The sandbox also plays providers that have plugins, under the names in front:

TEXT
  for index in "${!played[@]}"; do
    IFS= read -r link <&"${readers[index + 1]}" || exit 1
    printf '  Connect sandbox-%s: %s\n\n' "${played[index]}" "$link"
  done
  printf 'Whole organisations, whose tokens are at GET /oauth/token/sandbox-NAME:\n\n'
  for name in github jira slack; do
    link=$(install_link "sandbox-$name") || exit 1
    printf '  Install sandbox-%s: %s\n\n' "$name" "$link"
  done
  printf 'Ctrl-C stops both.\n\n'
}

verb_run() {
  install_packages run
  build_product
  read_env_file
  make_keys
  set_environment
  port_must_be_free PORT "$PORT"
  port_must_be_free SANDBOX_PORT "$SANDBOX_PORT"
  children=()
  trap 'kill -TERM "${children[@]}" 2>/dev/null || true; wait' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  build/bin/oauth-sandbox --port "$SANDBOX_PORT" --state-dir var/sandbox --gateway "http://localhost:$PORT" &
  children+=($!)
  wait_until_healthy "http://127.0.0.1:$SANDBOX_PORT/" "${children[0]}" sandbox  # it makes the key that the gateway reads
  build/bin/auth-gateway serve --config config/providers.yaml &
  children+=($!)
  wait_until_healthy "http://127.0.0.1:$PORT/health" "${children[1]}" gateway
  print_links
  wait -n || true
  die "One of the two ended; its reason stands above."
}
