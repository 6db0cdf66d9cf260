// K2, K3: what a server does that is asked for more than it can. Its capacity is made small and known: a
// request needs one of a few places for some milliseconds.
#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

#include "api/router.hpp"
#include "api/server.hpp"
#include "raw_client.hpp"
#include "support/fakes.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using test::hasHeader;
using test::RawClient;
using test::statusOf;

constexpr int kPlaces = 4;
constexpr auto kWork = 20ms;
/// Clients wait no longer, unless a test says so.
constexpr auto kUseful = 300ms;

std::string get(const std::string& path, const std::string& key) {
  return "GET " + path + " HTTP/1.1\r\nHost: gw\r\nX-API-Key: " + key + "\r\n\r\n";
}

class OverloadTest : public testing::Test {
 protected:
  ServerSettings settings;
  SystemRandom random;
  test::RecordingLog log;
  test::RecordedMetrics metrics;
  std::counting_semaphore<kPlaces> places{kPlaces};
  Router router{{{.method = "GET",
                  .pattern = "/work",
                  .handler = [this](const Request& request) { return work(request); }},
                 {.method = "GET",
                  .pattern = "/live",
                  .handler = [](const Request&) { return Response{}; },
                  .quick = true}}};
  std::unique_ptr<Server> server;
  std::atomic<bool> over{false};
  std::chrono::milliseconds clientsWait{kUseful};

  OverloadTest() {
    settings.port = 0;
    settings.minThreads = settings.maxThreads = kPlaces;
    settings.patience = 100ms;
  }

  void start() {
    auto started = Server::start(
        settings, [this](const Request& request) { return router.route(request); }, random, log, metrics);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server = std::move(*started);
  }

  Response work(const Request& request) {
    places.acquire();
    std::this_thread::sleep_for(kWork);
    places.release();
    Response response;
    response.keyId = std::string(request.header("X-API-Key").value_or(""));
    return response;
  }

  struct Seen {
    std::atomic<int> useful{0};
    std::atomic<std::int64_t> waited{0};  ///< milliseconds, for the useful ones together
    std::atomic<int> refused{0};
    std::atomic<int> givenUp{0};
  };

  /// A client that asks again as soon as it knows, waits after a refusal, and leaves when it has waited long.
  void ask(const std::string& key, Seen& seen) const {
    while (!over) {
      RawClient client(server->port());
      while (!over) {
        const auto begun = Clock::now();
        if (!client.send(get("/work", key))) break;
        const int status = statusOf(client.answer(clientsWait));
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
        if (status == 200) {
          ++seen.useful;
          seen.waited += took;
        } else if (status == 503) {
          ++seen.refused;
          std::this_thread::sleep_for(20ms);
        } else {
          ++seen.givenUp;
          break;
        }
      }
    }
  }

  /// Useful answers of so many clients within a second and a half.
  int usefulOf(int clients, Seen& seen) {
    over = false;
    std::vector<std::jthread> crowd;
    for (int number = 0; number < clients; ++number) crowd.emplace_back([&] { ask("crowd", seen); });
    std::this_thread::sleep_for(1'500ms);
    const int useful = seen.useful;
    over = true;
    return useful;
  }
  int usefulOf(int clients) {
    Seen seen;
    return usefulOf(clients, seen);
  }
};

// The capacity is 200 a second. 100 clients would have to wait for half a second each, longer than they do.
constexpr int kEnough = 2 * kPlaces;
constexpr int kCrowd = 100;

TEST_F(OverloadTest, CrowdOfFiveTimesTheCapacity_GetsNearlyAsManyUsefulAnswersAndTheRestIsToldSoon) {
  start();
  const int peak = usefulOf(kEnough);
  Seen seen;
  const int useful = usefulOf(kCrowd, seen);
  EXPECT_GE(useful, peak * 8 / 10) << "peak " << peak;
  EXPECT_GT(seen.refused, 0);
  EXPECT_LT(seen.givenUp, useful / 10);
}

// The check above can fail: without patience the server works for clients that have left.
TEST_F(OverloadTest, WithoutPatience_TheSameCrowdGetsNextToNothing) {
  settings.patience = 1h;
  start();
  const int peak = usefulOf(kEnough);
  EXPECT_LT(usefulOf(kCrowd), peak / 2);
}

// Work that takes milliseconds because there is much of it is not made faster by more threads at it.
TEST_F(OverloadTest, CrowdAtShortWork_WaitsInTheQueueAndNotInThreads) {
  settings.maxThreads = 64;
  settings.patience = 10s;
  settings.stall = 1h;  // however busy the machine is, no work takes so long
  start();
  usefulOf(kCrowd);
  EXPECT_EQ(metrics.value("auth_gateway_http_threads"), kPlaces);
}

TEST_F(OverloadTest, QuietCallerBesideANoisyOne_IsServedInTurn) {
  settings.patience = 1h;
  clientsWait = 1h;  // nobody leaves, however slow the machine is
  start();
  Seen noisy;
  std::vector<std::jthread> crowd;
  RawClient quiet(server->port());
  ASSERT_TRUE(quiet.send(get("/work", "quiet")));  // from now on its connection is known
  ASSERT_EQ(statusOf(quiet.answer()), 200);
  for (int number = 0; number < 200; ++number) crowd.emplace_back([&] { ask("noisy", noisy); });
  while (noisy.useful < 300) std::this_thread::yield();
  constexpr int kAsked = 20;
  const auto begun = Clock::now();
  for (int number = 0; number < kAsked; ++number) {
    EXPECT_TRUE(quiet.send(get("/work", "quiet")));
    EXPECT_EQ(statusOf(quiet.answer()), 200);
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
  over = true;
  EXPECT_LT(took / kAsked, noisy.waited / noisy.useful / 2) << "what a request of each waits";
}

TEST_F(OverloadTest, EveryThreadHeld_ProbesAreAnsweredAndOthersToldToComeBack) {
  start();
  for (int number = 0; number < kPlaces; ++number) places.acquire();
  std::vector<RawClient> held;
  for (int number = 0; number < kPlaces; ++number) {
    held.emplace_back(server->port());
    ASSERT_TRUE(held.back().send(get("/work", "held")));
  }
  RawClient probe(server->port());
  RawClient other(server->port());
  ASSERT_TRUE(probe.send(get("/live", "")));
  ASSERT_TRUE(other.send(get("/work", "other")));
  EXPECT_EQ(statusOf(probe.answer()), 200);
  const auto refused = other.answer();
  EXPECT_EQ(statusOf(refused), 503);
  EXPECT_TRUE(hasHeader(refused, "Retry-After: 1"));
  EXPECT_TRUE(hasHeader(refused, "Connection: keep-alive") || !hasHeader(refused, "Connection: close"));
  places.release(kPlaces);
  for (auto& one : held) EXPECT_EQ(statusOf(one.answer()), 200);
  ASSERT_TRUE(other.send(get("/work", "other")));
  EXPECT_EQ(statusOf(other.answer()), 200) << "it recovers";
}

}  // namespace
}  // namespace agw::api
