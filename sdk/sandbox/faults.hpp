#pragma once

#include <Poco/JSON/Object.h>

#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sandbox {

/// One way to go wrong, for the next `times` requests of one endpoint. `docs/sandbox.md` explains the fields.
struct Fault {
  std::string endpoint;
  std::string grantType;  ///< only token requests with this grant_type; empty: any
  int times = 1;          ///< -1: until the faults are cleared
  int delayMs = 0;
  bool hold = false;    ///< wait for `release`
  bool process = true;  ///< whether the request takes effect before the answer is spoilt
  std::optional<int> status;
  std::vector<std::pair<std::string, std::string>> headers;
  std::optional<std::string> body;
  std::optional<std::string> raw;  ///< instead of the whole answer, octet by octet; empty: close without one
  std::optional<int> cutAt;        ///< close after so many octets of the body
  int dripMs = 0;                  ///< pause between octets
  bool reset = false;              ///< end the connection with RST, without an answer
};

/// Throws `BadControl`.
[[nodiscard]] Fault faultFromJson(const Poco::JSON::Object& json);

/// The faults of one provider that are still to happen. Safe to call from many threads.
class FaultBoard {
 public:
  void add(Fault fault);
  void clear();

  /// The fault of this request, counted down; the oldest that fits.
  [[nodiscard]] std::optional<Fault> take(const std::string& endpoint, const std::string& grantType);
  /// Blocks until `release` or `close`.
  void hold();
  /// Lets go whoever is held and drops the `hold` faults that nobody has met yet. Returns how many were held.
  int release();
  /// Lets go and never holds again: the server ends.
  void close();

  [[nodiscard]] Poco::JSON::Object toJson() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::list<Fault> faults_;
  int holding_ = 0;
  unsigned generation_ = 0;
  bool closed_ = false;
};

}  // namespace sandbox
