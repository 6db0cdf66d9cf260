#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/router.hpp"
#include "api/server.hpp"
#include "base/metrics.hpp"
#include "config/settings.hpp"

namespace agw::api {

/// Counts and times every answer by route, and writes the access log. Safe to call from many threads.
///
/// A line names the route's pattern, not the path, so that it has no e-mail and no session id, and the id of
/// the key, not the key.
class Traffic final : public AnswerObserver {
 public:
  /// References must outlive it.
  Traffic(const std::vector<Route>& routes, Metrics& metrics, Log& log, AccessLog accessLog);
  ~Traffic() override;

  void answered(const Request& request, const Response& response,
                std::chrono::nanoseconds took) noexcept override;

 private:
  class Series;
  Counter& errors(const std::string& word);
  void write(const Series& series, const Request& request, const Response& response,
             std::chrono::nanoseconds took);

  Metrics& metrics_;
  Log& log_;
  const AccessLog accessLog_;
  Counter& late_;
  std::vector<std::unique_ptr<Series>> series_;  ///< by route; the last is of what fits none
};

}  // namespace agw::api
