#include "devices.hpp"

#include <cctype>

#include "text.hpp"

namespace sandbox {
namespace {

/// People type small letters and leave out the dash (RFC 8628 section 6.1).
std::string plain(const std::string& userCode) {
  std::string letters;
  for (const char letter : userCode) {
    if (std::isalnum(static_cast<unsigned char>(letter)) != 0) {
      letters += static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
  }
  return letters;
}

}  // namespace

DeviceStart DeviceBoard::start(const Consent& consent, int lifeSeconds, int interval) {
  static constexpr const char* kConsonants = "BCDFGHJKLMNPQRSTVWXZ";
  DeviceStart start{.deviceCode = randomLetters(40, "0123456789abcdef"),
                    .userCode = randomLetters(4, kConsonants) + "-" + randomLetters(4, kConsonants)};
  const std::lock_guard lock(mutex_);
  entries_[start.deviceCode] = {.userCode = plain(start.userCode),
                                .consent = consent,
                                .expiresAt = clock_.now() + lifeSeconds,
                                .interval = interval};
  return start;
}

std::optional<Consent> DeviceBoard::waiting(const std::string& userCode) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [code, entry] : entries_) {
    if (entry.userCode == plain(userCode) && entry.state == Entry::State::Waiting &&
        clock_.now() < entry.expiresAt) {
      return entry.consent;
    }
  }
  return std::nullopt;
}

void DeviceBoard::decide(const std::string& userCode, bool allowed, const std::string& account) {
  const std::lock_guard lock(mutex_);
  for (auto& [code, entry] : entries_) {
    if (entry.userCode != plain(userCode) || entry.state != Entry::State::Waiting) continue;
    entry.state = allowed ? Entry::State::Allowed : Entry::State::Denied;
    entry.consent.account = account;
  }
}

DeviceBoard::Answer DeviceBoard::poll(const std::string& deviceCode, const std::string& clientId) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(deviceCode);
  if (found == entries_.end() || found->second.consent.clientId != clientId) return {.poll = Poll::Unknown};
  Entry& entry = found->second;
  const auto now = clock_.now();
  const bool early = entry.lastPoll != 0 && now - entry.lastPoll < entry.interval;
  entry.lastPoll = now;
  if (now >= entry.expiresAt) return {.poll = Poll::Expired};
  if (early) {
    entry.interval += 5;
    return {.poll = Poll::SlowDown, .interval = entry.interval};
  }
  if (entry.state == Entry::State::Waiting) return {.poll = Poll::Pending, .interval = entry.interval};
  Answer answer{.poll = entry.state == Entry::State::Allowed ? Poll::Granted : Poll::Denied,
                .consent = entry.consent};
  entries_.erase(found);
  return answer;
}

}  // namespace sandbox
