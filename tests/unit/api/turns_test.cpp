#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <semaphore>

#include "api/server.hpp"
#include "raw_client.hpp"
#include "support/fakes.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;

/// As many octets of requests as the connection takes while nobody reads them.
std::size_t fill(const test::RawClient& client, const std::string& request, std::size_t most) {
  std::size_t sent = 0;
  while (sent < most) {
    const auto from = std::string_view(request).substr(sent % request.size());
    const auto count = ::send(client.descriptor(), from.data(), from.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) break;
    sent += static_cast<std::size_t>(count);
  }
  return sent;
}

// K3: one thread, and a client whose requests never end.
TEST(Turns, ClientThatSendsWithoutPause_LetsOthersHaveTheirTurn) {
  ServerSettings settings;
  settings.port = 0;
  settings.minThreads = settings.maxThreads = 1;
  settings.patience = 60s;
  SystemRandom random;
  test::RecordingLog log;
  std::binary_semaphore held{0};
  std::binary_semaphore released{0};
  std::atomic<int> handled{0};
  std::atomic<int> beforeOther{0};
  const auto server = Server::start(
      settings,
      [&](const Request& request) {
        if (request.path == "/hold") {
          held.release();
          released.acquire();
        }
        if (request.path == "/other") beforeOther = handled.load();
        ++handled;
        return Response{};
      },
      random, log);
  ASSERT_TRUE(server.ok());
  constexpr std::size_t kRequest = 2'048;
  std::string request = "POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 1990\r\n\r\n";
  request.resize(kRequest, 'x');
  request.replace(request.find("1990"), 4, std::to_string(kRequest - request.find("xx")));
  test::RawClient greedy((*server)->port());
  ASSERT_TRUE(greedy.send("GET /hold HTTP/1.1\r\nHost: gw\r\n\r\n"));
  ASSERT_TRUE(held.try_acquire_for(20s));
  const auto waiting = fill(greedy, request, 4U << 20) / kRequest;
  ASSERT_GT(waiting, 80U) << "more than one turn takes";
  test::RawClient other((*server)->port());
  ASSERT_TRUE(other.send("GET /other HTTP/1.1\r\nHost: gw\r\n\r\n"));
  released.release();
  EXPECT_EQ(test::statusOf(other.answer(60s)), 200);
  EXPECT_LT(beforeOther, 60) << "of " << waiting << " requests that waited in the connection";
}

}  // namespace
}  // namespace agw::api
