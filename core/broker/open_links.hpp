#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "domain/provider.hpp"

namespace agw {

/// What one caller asked a consent for. The same question deserves the same link.
struct LinkQuestion {
  std::string keyId;
  std::string provider;
  std::string owner;
  Scopes scopes;
  std::string redirectAfter;
  std::string challenge;  ///< what the link carries for the provider
  friend auto operator<=>(const LinkQuestion&, const LinkQuestion&) = default;
};

/// A link that was handed out. Its address holds the state, which is stored nowhere else in clear.
struct OpenLink {
  Secret authUrl;
  std::string sessionId;
  TimePoint expiresAt;
};

/// The links that this process made lately, at most 10,000: a program that asks for a missing token every
/// second gets the link that it has, not a new flow each time. Safe to call from many threads.
class OpenLinks {
 public:
  /// Whether the person has used a link since is the caller's to find out. Nothing when it lives for less
  /// than `minLife`.
  [[nodiscard]] std::optional<OpenLink> find(const LinkQuestion& question, TimePoint now,
                                             std::chrono::seconds minLife) const;
  /// The latest link of a question counts. When there are too many, the expired ones are forgotten, and when
  /// there are none, all.
  void keep(const LinkQuestion& question, OpenLink link, TimePoint now);

 private:
  mutable std::mutex mutex_;
  std::map<LinkQuestion, OpenLink> links_;
};

}  // namespace agw
