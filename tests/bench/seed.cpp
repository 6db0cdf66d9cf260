// bench_seed COUNT: fills the configured database with grants of user00000@example.com and so on at the
// provider `sandbox`, sealed and stored by the gateway's own code. The access token begins with
// `bench-<number>-`, so that a reader can see whose it is.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "app/key_guard.hpp"
#include "app/wiring.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "broker/seal.hpp"
#include "config/settings.hpp"
#include "storage/open.hpp"
#include "support/fakes.hpp"

namespace agw {
namespace {

constexpr std::size_t kTokenLength = 180;  // what large providers hand out

template <class T>
T orExit(Result<T> result) {
  if (!result) {
    std::cerr << "bench_seed: " << result.error().message << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

std::string padded(int number) {
  const std::string digits = std::to_string(number);
  return std::string(5 - std::min<std::size_t>(5, digits.size()), '0') + digits;
}

/// A grant that stays fresh for the whole run.
Grant makeGrant(int number, const Vault& vault, const Clock& clock, Random& random) {
  Grant grant;
  grant.id = orExit(newUuid(random));
  grant.profile = "user" + padded(number) + "@example.com";
  grant.provider = "sandbox";
  grant.issuer = "http://127.0.0.1:9";
  grant.subject = "subject-" + padded(number);
  grant.createdAt = grant.consentedAt = grant.updatedAt = clock.now();
  std::string access = "bench-" + padded(number) + "-";
  while (access.size() < kTokenLength) access += orExit(newToken(random));
  access.resize(kTokenLength);
  grant.tokens = orExit(sealTokens(vault, grant,
                                   {.access = Secret(std::move(access)),
                                    .refresh = Secret(orExit(newToken(random))),
                                    .carry = {},
                                    .issuedAt = clock.now(),
                                    .accessExpiresAt = clock.now() + std::chrono::hours(24),
                                    .refreshExpiresAt = {},
                                    .scopes = {"openid", "email"}}));
  return grant;
}

void seed(int count) {
  const auto read = readSettings(
      [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
      },
      SettingsUse::Tool);
  for (const auto& fault : read.faults) std::cerr << fault.text() << '\n';
  const auto& settings = read.settings;
  const SystemClock clock;
  SystemRandom random;
  test::RecordingLog log;
  const Vault vault(orExit(keyRing(settings)), clock, random);
  const auto storage =
      orExit(openStorage(orExit(databaseSettings(settings)), SchemaPolicy::Require, clock, log));
  orExit(guardKeys(*storage, vault, log));
  for (int number = 0; number < count; ++number)
    orExit(storage->putGrant(makeGrant(number, vault, clock, random), 0));
}

}  // namespace
}  // namespace agw

int main(int argc, char** argv) {
  const int count = argc == 2 ? std::atoi(argv[1]) : 0;
  if (count < 1 || count > 100'000) {
    std::cerr << "usage: bench_seed COUNT (1 to 100000)\n";
    return 2;
  }
  agw::seed(count);
  return 0;
}
