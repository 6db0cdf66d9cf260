# What each verb needs from the distribution, and how it gets there. Sourced by ./dev.
# Debian 12 (bookworm), Debian 13 (trixie) and Ubuntu 24.04 (noble); DEV_NO_INSTALL=1 leaves the machine alone.

distribution() { (. /etc/os-release && printf '%s' "${VERSION_CODENAME:-unknown}"); }

# The clang that the distribution has; its libc++ has the same number.
clang_version() {
  case "$(distribution)" in
    bookworm) echo 16 ;;
    noble) echo 18 ;;
    *) echo 19 ;;
  esac
}

packages_for() {
  local boost=libboost clang
  [[ $(distribution) == bookworm ]] && boost=libboost1.81  # the default there is 1.74, without what we use
  clang=$(clang_version)
  case "$1" in
    build)
      echo g++ cmake ninja-build ccache pkg-config libssl-dev libcurl4-openssl-dev libsqlite3-dev libpq-dev
      echo libpoco-dev libyaml-cpp-dev libcli11-dev prometheus-cpp-dev
      case $boost in
        libboost) echo libboost-dev libboost-json-dev ;;
        *) echo ${boost}-dev libboost-json1.81-dev ;;
      esac ;;
    run) packages_for build; echo curl ca-certificates ;;
    clang) echo clang-"$clang" llvm-"$clang" libclang-rt-"$clang"-dev libc++-"$clang"-dev libc++abi-"$clang"-dev ;;
    test)
      packages_for run; packages_for clang
      echo libgtest-dev libgmock-dev libbenchmark-dev postgresql pgbouncer python3-venv chromium openssl prometheus nginx-light
      echo iproute2 faketime wrk ;;
    fuzz) packages_for build; packages_for clang; echo libgtest-dev libgmock-dev ;;
    tidy) packages_for fuzz; echo clang-tidy-"$clang" ;;
    bench) packages_for test ;;
    format) echo python3-venv ;;
  esac
}

# Prints those of its arguments that are not installed.
missing_packages() {
  local installed name
  installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null || true)  # fails when one is unknown
  installed=" $(sed -n 's/^ii //p' <<<"$installed" | tr '\n' ' ')"
  for name in "$@"; do [[ $installed == *" $name "* ]] || echo "$name"; done
}

as_root() { if ((EUID == 0)); then "$@"; else sudo "$@"; fi; }

# Turns apt's status lines into a line for each tenth of the way.
apt_progress() {
  local kind rest percent last=
  while IFS=: read -r kind _ percent rest; do
    case "$kind" in dlstatus) kind=Downloading ;; pmstatus) kind=Installing ;; *) continue ;; esac
    percent=${percent%%.*}
    [[ $percent =~ ^[0-9]+$ && $kind$((percent / 10)) != "$last" ]] || continue
    last=$kind$((percent / 10))
    printf '[%3d%%] %s packages\n' "$percent" "$kind"
  done
}

# Everything but the progress goes to a log, which is shown when apt fails. sudo passes on no descriptor above 2, so
# the status lines come out of standard output, and apt's own output out of standard error.
apt_quiet() {
  local log status=0
  log=$(mktemp)
  as_root env DEBIAN_FRONTEND=noninteractive sh -c 'exec apt-get "$@" 3>&1 1>&2' apt-get \
    -y -o Dpkg::Use-Pty=0 -o APT::Status-Fd=3 "$@" </dev/null 2>"$log" | apt_progress || status=$?
  ((status == 0)) || tail -n 20 "$log" >&2
  rm -f "$log"
  return "$status"
}

install_packages() {
  [[ ${DEV_NO_INSTALL:-} ]] && return
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "No apt here: make sure of what README.md lists under "What it is built on"; going on."
    return
  fi
  local missing
  # shellcheck disable=SC2046  # the list is words
  mapfile -t missing < <(missing_packages $(packages_for "$1"))
  ((${#missing[@]})) || return 0
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "These packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "Installing ${#missing[@]} packages by apt: ${missing[*]}"
  apt_quiet update || die "apt-get update failed; see above."
  apt_quiet install --no-install-recommends "${missing[@]}" || die "apt-get install failed; see above."
}
