// What a token read pays for its protection. A token of 200 octets is a usual access token.
#include <benchmark/benchmark.h>

#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "crypto/hash.hpp"
#include "crypto/vault.hpp"

namespace {

using namespace agw;

constexpr Place kPlace = {.table = "oauth_credentials",
                          .column = "access_token",
                          .id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                          .provider = "example",
                          .owner = "alice@company.com"};

const Vault& vault(std::size_t keys) {
  static const SystemClock clock;
  static SystemRandom random;
  static std::map<std::size_t, Vault> vaults;
  const auto known = vaults.find(keys);
  if (known != vaults.end()) return known->second;
  std::vector<FernetKey> ring;
  for (std::size_t count = 0; count < keys; ++count) ring.push_back(*FernetKey::generate(random));
  return vaults.try_emplace(keys, std::move(ring), clock, random).first->second;
}

const Secret& token(std::size_t size) {
  static std::map<std::size_t, Secret> tokens;
  return tokens.try_emplace(size, std::string(size, 't')).first->second;
}

void seal(benchmark::State& state) {
  const auto& text = token(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(vault(1).seal(kPlace, text));
}

void open(benchmark::State& state) {
  static std::mutex mutex;  // vault() and token() make what they lack
  std::unique_lock lock(mutex);
  const Vault& opened = vault(1);
  const std::string sealed = *opened.seal(kPlace, token(static_cast<std::size_t>(state.range(0))));
  lock.unlock();
  for (auto _ : state) benchmark::DoNotOptimize(opened.open(kPlace, sealed));
}

void hashApiKey(benchmark::State& state) {
  const std::string key(43, 'k');
  for (auto _ : state) benchmark::DoNotOptimize(sha256Hex(key));
}

BENCHMARK(seal)->Arg(200);
BENCHMARK(open)->Arg(200)->Arg(2000);
BENCHMARK(open)->Arg(200)->Threads(2)->UseRealTime();
BENCHMARK(hashApiKey);

}  // namespace

BENCHMARK_MAIN();
