// bench_seed users FIRST COUNT LIFE
//   Grants of user00000@example.com and so on at the provider `sandbox`. Their access tokens begin with
//   `bench-<number>-`, so that a reader can see whose they are.
// bench_seed given PROVIDER ISSUER LIFE
//   Grants whose tokens are on standard input, a line for each: profile, access token, refresh token.
//
// Prints rows of `oauth_credentials`, tab-separated, their tokens sealed by the gateway's own code with the
// keys of the environment, for PostgreSQL's COPY (tests/bench/gateway.py loads them). A million takes seconds
// that way. All were issued an hour ago and end together in LIFE seconds. The configured database gets its
// key check, so that the gateway takes the rows for its own.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <span>
#include <sstream>
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
constexpr std::chrono::hours kAge{1};

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

class Printer {
 public:
  Printer(const Vault& vault, const Clock& clock, Random& random, std::chrono::seconds life)
      : vault_(vault), random_(random), now_(clock.now()), end_(now_ + life) {}

  void print(const std::string& provider, const std::string& issuer, const std::string& profile,
             std::string access, std::string refresh) {
    Grant grant;
    grant.id = orExit(newUuid(random_));
    grant.profile = profile;
    grant.provider = provider;
    const auto tokens = orExit(sealTokens(vault_, grant,
                                          {.access = Secret(std::move(access)),
                                           .refresh = Secret(std::move(refresh)),
                                           .carry = {},
                                           .issuedAt = now_ - kAge,
                                           .accessExpiresAt = end_,
                                           .refreshExpiresAt = {},
                                           .scopes = {}}));
    const auto issued = toMillis(now_ - kAge);
    std::cout << grant.id << '\t' << profile << '\t' << provider << '\t' << issuer << '\t' << profile << '\t'
              << tokens.accessToken << '\t' << tokens.refreshToken << '\t' << issued << '\t' << toMillis(end_)
              << "\t[\"openid\",\"email\"]\t" << issued << '\t' << issued << '\t' << issued << '\t'
              << toMillis(firstLookAt(tokens)) << '\n';
  }

  void printUsers(int first, int count) {
    for (int number = first; number < first + count; ++number) {
      std::string access = "bench-" + padded(number) + "-";
      while (access.size() < kTokenLength) access += orExit(newToken(random_));
      access.resize(kTokenLength);
      print("sandbox", "http://127.0.0.1:9", "user" + padded(number) + "@example.com", std::move(access),
            orExit(newToken(random_)));
    }
  }

  void printGiven(const std::string& provider, const std::string& issuer) {
    std::string line;
    while (std::getline(std::cin, line)) {
      std::istringstream words(line);
      std::string profile;
      std::string access;
      std::string refresh;
      words >> profile >> access >> refresh;
      print(provider, issuer, profile, std::move(access), std::move(refresh));
    }
  }

 private:
  const Vault& vault_;
  Random& random_;
  const TimePoint now_;
  const TimePoint end_;
};

void seed(std::span<char*> arguments) {
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
  Printer printer(vault, clock, random, std::chrono::seconds(std::atoi(arguments[3])));
  if (arguments[0] == std::string_view("users")) {
    printer.printUsers(std::atoi(arguments[1]), std::atoi(arguments[2]));
  } else {
    printer.printGiven(arguments[1], arguments[2]);
  }
}

}  // namespace
}  // namespace agw

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv + 1, static_cast<std::size_t>(argc - 1));
  const std::string_view what = argc == 5 ? arguments[0] : "";
  if (what != "users" && what != "given") {
    std::cerr << "usage: bench_seed users FIRST COUNT LIFE | bench_seed given PROVIDER ISSUER LIFE\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  agw::seed(arguments);
  return std::cout.flush() ? 0 : 1;
}
