#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "broker/revoke.hpp"
#include "domain/installation_record.hpp"
#include "storage/storage.hpp"

namespace agw {

/// Ends installations: here at once, on every replica; their tokens with the last one that needs them. The
/// rows stay as history. Safe to call from many threads.
class InstallationEnder {
 public:
  struct Parts {
    Storage& storage;
    RevokeService& revoke;
    const Clock& clock;
    Log& log;
  };
  explicit InstallationEnder(Parts parts);

  /// Somebody here wants it: the provider is told once now and later in the background.
  /// `Conflict` when it is over already.
  [[nodiscard]] Result<RevokeOutcome> uninstall(const Installation& row, const std::string& keyId,
                                                const std::string& requestId);

  /// The provider says so: it is not told. Success also when it is over already, or was made anew since `row`
  /// was read: then the news is about the one before. `event` is the audit log's word.
  Result<void> endedAtProvider(const Installation& row, const char* event, const std::string& requestId);

 private:
  struct Ended;
  enum class Told { Provider, Nobody };
  [[nodiscard]] Result<Ended> end(const Installation& seen, Told told, const std::string& requestId);
  [[nodiscard]] Result<InstallationEnd> plan(const Installation& row, Told told,
                                             const std::string& requestId);
  [[nodiscard]] RevokeOutcome tell(const Ended& ended);
  void record(const Installation& row, const char* event, const std::string& note, const std::string& keyId,
              const std::string& requestId);

  Parts parts_;
};

}  // namespace agw
