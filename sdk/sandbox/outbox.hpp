#pragma once

#include <Poco/JSON/Object.h>

#include <list>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace sandbox {

/// A webhook on its way to the client.
struct Delivery {
  std::string event;
  std::string method = "POST";
  std::string query{};  ///< for the address
  std::string contentType = "application/json";
  std::string body{};
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// Sends webhooks and remembers what became of the latest. Safe to call from many threads.
class Outbox {
 public:
  /// Waits up to ten seconds for the answer, as the strictest providers do. Nothing is sent again.
  /// `url` empty: nobody wants to hear. Returns what `deliveries` shows of it.
  Poco::JSON::Object send(const std::string& url, const Delivery& delivery);
  [[nodiscard]] Poco::JSON::Object toJson() const;

 private:
  mutable std::mutex mutex_;
  std::list<Poco::JSON::Object> sent_;
};

}  // namespace sandbox
