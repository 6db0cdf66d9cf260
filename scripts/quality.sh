# Fuzzers, clang-tidy, layout of the source text, bench. Sourced by ./dev.

clang_compilers() {
  local version
  version=$(clang_version)
  echo "-DCMAKE_C_COMPILER=clang-$version -DCMAKE_CXX_COMPILER=clang++-$version"
}

# configure_with_clang <preset>
configure_with_clang() {
  # shellcheck disable=SC2046  # two words
  [[ -f build/$1/build.ninja ]] || configure "$1" $(clang_compilers)
}

# Each fuzzer starts from its committed corpus, keeps what it finds under build/, and fails at the first finding.
verb_fuzz() {
  local seconds=${1:-60} fuzzer name failed=0 run=0
  [[ $seconds =~ ^[0-9]+$ ]] || die "fuzz takes a number of seconds"
  local -x ASAN_SYMBOLIZER_PATH=/usr/lib/llvm-$(clang_version)/bin/llvm-symbolizer  # findings name their functions
  install_packages fuzz
  configure_with_clang fuzz
  compile fuzz fuzzers
  for fuzzer in build/fuzz/fuzz/*; do
    [[ -x $fuzzer && -f $fuzzer ]] || continue
    name=$(basename "$fuzzer")
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/findings"
    say "$name for $seconds s"
    run=$((run + 1))
    "$fuzzer" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 -verbosity=0 \
      -artifact_prefix="build/fuzz/findings/$name-" "build/fuzz/corpus/$name" tests/fuzz/corpus/"${name#fuzz_}" ||
      failed=$((failed + 1))
  done
  ((run)) || die "no fuzzers were built"
  printf '%d passed, %d failed\n' "$((run - failed))" "$failed"
  ((failed == 0))
}

verb_tidy() {
  install_packages tidy
  configure_with_clang tidy
  "run-clang-tidy-$(clang_version)" -p build/tidy -quiet -j "$(jobs_allowed)" "$PWD/(core|sdk|plugins|tests)/.*" ||
    die "clang-tidy found something; see above."
  say "clang-tidy found nothing"
}

# The layout differs between versions of clang-format, so the version is fixed; PyPI has it where apt does not.
clang_format() {
  if command -v clang-format-16 >/dev/null; then echo clang-format-16; return; fi
  if [[ ! -x build/format/bin/clang-format ]]; then
    install_packages format >&2
    { python3 -m venv build/format && build/format/bin/pip install --quiet clang-format==16.0.6; } >&2 || die "pip failed; see above."
  fi
  echo build/format/bin/clang-format
}

verb_format() {
  local program arguments=(-i)
  [[ ${1:-} == check ]] && arguments=(--dry-run -Werror)
  program=$(clang_format)
  git ls-files -z '*.cpp' '*.hpp' '*.h' '*.c' | xargs -0 "$program" "${arguments[@]}" || die "run ./dev format"
}

# `overload` holds the gateway under five to forty times its load, `flame` draws where its time goes; other arguments go to
# tests/bench/run: --quick, --only, --rounds, --seconds.
verb_bench() {
  install_packages bench
  build_tests
  case "${1:-}" in
    overload) AGW_OVERLOAD_SECONDS=10 tests/integration/run -n 0 -q -s test_overload.py ;;
    flame)
      command -v perf >/dev/null || die "perf is not installed: apt-get install linux-perf (Ubuntu: linux-tools-generic)"
      tests/support/with-postgres tests/bench/flame "${@:2}" ;;
    *) tests/support/with-postgres tests/bench/run "$@" ;;
  esac
}
