#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "api/metrics/metrics_listener.hpp"
#include "api/metrics/prometheus_metrics.hpp"
#include "api/metrics/traffic.hpp"
#include "api_rig.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

std::ptrdiff_t lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST(PrometheusMetricsTest, Series_AreWrittenWithHelpTypeAndLabels) {
  PrometheusMetrics metrics;
  metrics.counter("things_total", "All things.", {{"kind", "a\"b"}}).add(3);
  metrics.gauge("depth", "How deep.", {}).set(-1.5);
  metrics.timings("work_seconds", "How long.", {}).observe(20ms);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("# HELP things_total All things.\n# TYPE things_total counter\n"));
  EXPECT_THAT(text, HasSubstr("things_total{kind=\"a\\\"b\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("depth -1.5\n"));
  EXPECT_THAT(text, HasSubstr("work_seconds_bucket{le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("work_seconds_bucket{le=\"0.025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("work_seconds_count 1\n"));
}

TEST(PrometheusMetricsTest, SameNameAndLabels_AreTheSameSeries) {
  PrometheusMetrics metrics;
  EXPECT_EQ(&metrics.counter("a_total", "A.", {{"x", "1"}}), &metrics.counter("a_total", "A.", {{"x", "1"}}));
  EXPECT_NE(&metrics.counter("a_total", "A.", {{"x", "1"}}), &metrics.counter("a_total", "A.", {{"x", "2"}}));
}

// D10: a label that a request could choose does not grow without end.
TEST(PrometheusMetricsTest, TooManySeriesOfAName_AreNotShown) {
  PrometheusMetrics metrics;
  for (int user = 0; user < 10'000; ++user)
    metrics.counter("a_total", "A.", {{"x", std::to_string(user)}}).increment();
  EXPECT_LE(lines(metrics.text()), 1'010);
}

// K5
TEST(PrometheusMetricsTest, CountsFromManyThreads_AreAllThere) {
  PrometheusMetrics metrics;
  Counter& counter = metrics.counter("a_total", "A.", {});
  Timings& timings = metrics.timings("a_seconds", "A.", {});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int count = 0; count < 10'000; ++count) {
          counter.increment();
          timings.observe(1ms);
        }
      });
    }
  }
  EXPECT_THAT(metrics.text(), HasSubstr("a_total 40000\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("a_seconds_count 40000\n"));
}

class TrafficTest : public testing::Test, public test::ApiRig {
 protected:
  PrometheusMetrics metrics;
  test::RecordingLog lines_;

  Response answered(Traffic& traffic, const Ask& question) {
    const auto response = ask(question);
    Request request;
    request.method = question.method;
    request.path = question.path;
    request.requestId = "request-1";
    request.peer = "192.0.2.1";
    traffic.answered(request, response, 1'500us);
    return response;
  }
};

TEST_F(TrafficTest, Answers_AreCountedByRouteAndStatus) {
  Traffic traffic(router->routes(), metrics, lines_, AccessLog::Off);
  answered(traffic, {.method = "GET", .path = "/health/live"});
  answered(traffic, {.method = "GET", .path = "/health/live"});
  answered(traffic, {.method = "GET", .path = "/auth/status/00000000-0000-4000-8000-000000000000"});
  answered(traffic, {.method = "GET", .path = "/no/such/place"});
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr(R"(requests_total{method="GET",route="/health/live",status="200"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(route="/auth/status/{session_id}",status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(requests_total{method="none",route="none",status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(request_seconds_bucket{method="GET",route="/health/live",le="0.0025"} 2)"));
  EXPECT_TRUE(lines_.lines().empty());
}

// D10
TEST_F(TrafficTest, TenThousandUsers_AddNoSeries) {
  Traffic traffic(router->routes(), metrics, lines_, AccessLog::Off);
  answered(traffic, {.method = "GET", .path = "/auth/providers/user0@example.com"});
  const auto before = lines(metrics.text());
  for (int user = 1; user <= 10'000; ++user)
    answered(traffic,
             {.method = "GET", .path = "/auth/providers/user" + std::to_string(user) + "@example.com"});
  EXPECT_EQ(lines(metrics.text()), before);
}

// J1, J3: the line has no path, no e-mail and no key.
TEST_F(TrafficTest, LineOfTheLog_NamesRouteAndKeyIdOnly) {
  const auto key = makeKey("one", {{Operation::List}, {"*"}, {"*"}});
  Traffic traffic(router->routes(), metrics, lines_, AccessLog::All);
  answered(traffic, {.method = "GET", .path = "/auth/providers/alice@company.com", .key = key});
  ASSERT_EQ(lines_.lines().size(), 1U);
  EXPECT_EQ(
      lines_.lines().front(),
      "request request_id=request-1 method=GET route=/auth/providers/{user_email} status=200 error= ms=1.500 "
      "key=id-of-one peer=192.0.2.1");
}

TEST_F(TrafficTest, OnlyErrors_GetALineWhereThatIsWanted) {
  Traffic traffic(router->routes(), metrics, lines_, AccessLog::Errors);
  answered(traffic, {.method = "GET", .path = "/health/live"});
  EXPECT_TRUE(lines_.lines().empty());
  answered(traffic, {.method = "GET", .path = "/nowhere"});
  EXPECT_EQ(lines_.lines().size(), 1U);
}

TEST(MetricsListenerTest, AnswersMetricsAndNothingElse) {
  const auto handler = metricsListener([] { return std::string("a_total 1\n"); });
  Request request;
  request.method = "GET";
  request.path = "/metrics";
  const auto response = handler(request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.contentType, "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(response.body, "a_total 1\n");
  request.path = "/auth/token";
  EXPECT_EQ(handler(request).status, 404);
}

}  // namespace
}  // namespace agw::api
