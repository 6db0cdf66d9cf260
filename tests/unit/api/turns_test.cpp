#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "api/server.hpp"
#include "raw_client.hpp"
#include "support/fakes.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;

// K3: one thread, and a client that never stops sending.
TEST(Turns, ClientThatSendsWithoutPause_LetsOthersHaveTheirTurn) {
  constexpr int kMany = 20'000;
  ServerSettings settings;
  settings.port = 0;
  settings.minThreads = settings.maxThreads = 1;
  settings.patience = 60s;
  SystemRandom random;
  test::RecordingLog log;
  std::binary_semaphore held{0};
  std::binary_semaphore released{0};
  std::atomic<int> handled{0};
  const auto server = Server::start(
      settings,
      [&](const Request& request) {
        ++handled;
        if (request.path == "/hold") {
          held.release();
          released.acquire();
        }
        return Response{};
      },
      random, log);
  ASSERT_TRUE(server.ok());
  const auto get = [](const std::string& path, const std::string& more = {}) {
    return "GET " + path + " HTTP/1.1\r\nHost: gw\r\n" + more + "\r\n";
  };
  test::RawClient greedy((*server)->port());
  ASSERT_TRUE(greedy.send(get("/hold")));
  ASSERT_TRUE(held.try_acquire_for(20s));
  std::thread sender([&] {
    std::string burst;
    for (int count = 0; count < kMany; ++count) burst += get("/");
    greedy.send(burst + get("/last", "Connection: close\r\n"));
  });
  std::thread reader([&] { (void)greedy.all(60s); });
  test::RawClient other((*server)->port());
  EXPECT_TRUE(other.send(get("/other")));
  released.release();
  EXPECT_EQ(test::statusOf(other.answer(60s)), 200);
  const int before = handled;
  reader.join();
  sender.join();
  EXPECT_LT(before, kMany) << "answered before the last of the other's requests";
  EXPECT_EQ(handled, kMany + 3);
}

}  // namespace
}  // namespace agw::api
