# The test suites. Sourced by ./dev.
#
# Everything runs, also after a failure; the closing lines of the runners stand together at the end.

results=build/test-results

# suite <name> <command>...: runs it, shows it, keeps what it printed and how it ended.
suite() {
  local name=$1 status=0
  shift
  say "Suite $name"
  "$@" </dev/null 2>&1 | tee "$results/$name.log" || status=$?
  printf '%s %s\n' "$status" "$name" >>"$results/summary"
  return 0
}

# The runners' own closing lines, as they are.
closing_lines() {
  grep -hE '^[0-9]+% tests passed|^=+ .*(passed|failed|error).* =+$|^[0-9]+ passed, [0-9]+ failed$|^[0-9]+ measured, [0-9]+ wrong$' "$1" || true
}

# What failed, and where: the first lines of it, for a reader who has only the end of the output.
failures() {
  grep -hE '^\[  FAILED  \] .*ms\)$|: Failure$|^(FAILED|ERROR) |^SUMMARY: |\*\*\*(Failed|Timeout|Exception)' -A 2 "$1" |
    head -40 || true
}

summary() {
  local status name failed=0
  say "Results"
  while read -r status name; do
    closing_lines "$results/$name.log"
    if ((status)); then
      failed=1
      failures "$results/$name.log"
      say "FAILED: $name (exit $status; $results/$name.log)"
    else
      say "passed: $name"
    fi
  done <"$results/summary"
  return "$failed"
}

# run_ctest <build folder> [ctest argument]...: with a PostgreSQL of its own around it.
run_ctest() {
  tests/support/with-postgres ctest --test-dir "$1" --output-on-failure --no-tests=error -j "$(nproc)" "${@:2}"
}

build_tests() {
  [[ -f build/build.ninja ]] && grep -q '^AGW_TESTS:BOOL=ON' build/CMakeCache.txt || configure release -DAGW_TESTS=ON
  say "Building everything"
  compile release all
}

sanitized() {
  [[ -f build/$1/build.ninja ]] || configure "$1"
  compile "$1" sanitized_tests
  run_ctest "build/$1" -L 'unit|contract|faults'
}

# That the bench works, and that no answer and no call in it is wrong; its rates mean nothing here.
short_bench() { tests/support/with-postgres tests/bench/run --quick --seconds 1 --only start,throughput,renewals; }

verb_test() {
  local what=${1:-default}
  case "$what" in
    default | unit | contract | e2e | clients | docs | bench | asan | tsan | fuzz | all) ;;
    *) die "unknown suite '$what': unit contract e2e clients docs bench asan tsan fuzz all" ;;
  esac
  install_packages test
  rm -rf "$results"
  mkdir -p "$results"
  case "$what" in
    default | all | unit | contract | e2e | docs | bench) build_tests ;;
  esac
  case "$what" in
    unit | contract | docs) suite "$what" run_ctest build -L "$what" ;;
    e2e) suite e2e tests/integration/run ;;
    clients) suite clients clients/python/run-tests ;;
    bench) suite bench short_bench ;;
    fuzz) suite fuzz verb_fuzz 20 ;;
    asan | tsan) suite "$what" sanitized "$what" ;;
    default | all)
      suite ctest run_ctest build
      suite e2e tests/integration/run
      suite clients clients/python/run-tests
      suite bench short_bench
      suite asan sanitized asan
      suite fuzz verb_fuzz 10 ;;
  esac
  if [[ $what == all ]]; then suite tsan sanitized tsan; fi
  summary
}

# The short form runs with the other tests. AGW_RACE_SEED and --gtest_filter replay one interleaving, step by step.
verb_races() {
  install_packages test
  [[ -f build/build.ninja ]] && grep -q '^AGW_TESTS:BOOL=ON' build/CMakeCache.txt || configure release -DAGW_TESTS=ON
  compile release interleavings
  AGW_RACE_SEEDS=${1:-2000} build/tests/interleavings
}

verb_faults() {
  local table=build/fault-table.md status=0
  install_packages test
  build_tests
  printf '%s\n' '| what is broken | what callers see | slowest answer, s | well again after, s |' '|---|---|---|---|' >"$table"
  AGW_FAULT_TABLE=$PWD/$table tests/integration/run -n 0 test_faults_{database,provider,network,clock}.py || status=$?
  cat "$table"
  return "$status"
}
