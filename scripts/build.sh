# Configuring and compiling. Sourced by ./dev.

products=(build/bin/auth-gateway build/bin/oauth-sandbox)
stamp=build/.product-stamp

# What the products are made of: anything newer than the stamp means building again.
sources=(core sdk plugins cmake CMakeLists.txt CMakePresets.json VERSION)

product_is_current() {
  local file
  [[ -f $stamp ]] || return 1
  for file in "${products[@]}"; do [[ -x $file ]] || return 1; done
  [[ -z $(find "${sources[@]}" -newer "$stamp" -print -quit) ]]
}

# configure <preset> [cmake argument]...
configure() {
  local preset=$1 log=build/configure-$1.log
  shift
  mkdir -p build
  say "Configuring ($preset)"
  cmake --preset "$preset" "$@" >"$log" 2>&1 || { cat "$log" >&2; die "CMake could not configure; see above."; }
}

build_folder() { if [[ $1 == release ]]; then echo build; else echo "build/$1"; fi; }

# The number of compilers at once: one for each 1.5 GiB, so that a small machine does not swap.
jobs_allowed() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1572864) }' /proc/meminfo)
  ((memory < 1)) && memory=1
  ((memory < cores)) && echo "$memory" || echo "$cores"
}

# compile <preset> <target>...
compile() {
  local preset=$1
  shift
  CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 NINJA_STATUS='[%p] ' \
    cmake --build "$(build_folder "$preset")" -j "$(jobs_allowed)" --target "$@" || die "The build failed; see above."
}

# A build that was configured for the tests stays so: the objects of the products are the same.
build_product() {
  product_is_current && return
  mkdir -p build
  local begun
  begun=$(mktemp build/.begun.XXXXXX)
  if [[ ! -f build/build.ninja ]]; then configure release -DAGW_TESTS=OFF; fi
  say "Building the gateway, its plugins and the sandbox (a few minutes the first time)"
  compile release product
  mv -f "$begun" "$stamp"
}

verb_build() {
  install_packages build
  build_product
  say "Built:"
  ls -1 "${products[@]}" build/plugins/*.so
}
