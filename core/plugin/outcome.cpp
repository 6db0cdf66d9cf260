#include "plugin/outcome.hpp"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/encoding.hpp"
#include "plugin/host_call.hpp"
#include "plugin/retry_after.hpp"

namespace agw {
namespace {

struct Outcome {
  std::int32_t status;
  ErrorKind kind;
  const char* code;  ///< word of the REST contract; empty: the default of the kind
  const char* says;  ///< behind the provider's name
};

constexpr Outcome outcomes[] = {
    {AGW_UNSUPPORTED, ErrorKind::Unsupported, "", " does not offer this."},
    {AGW_BAD_OPTION, ErrorKind::BadOption, "provider_misconfigured", " is configured wrongly."},
    {AGW_BAD_CLIENT, ErrorKind::BadClient, "provider_misconfigured",
     " refuses this gateway's client: check client_id, client_secret and the registered redirect URI."},
    {AGW_DENIED, ErrorKind::Denied, "", " did not grant access."},
    {AGW_GRANT_DEAD, ErrorKind::GrantDead, "", " has ended this grant; a new consent is needed."},
    {AGW_RATE_LIMITED, ErrorKind::RateLimited, "provider_unavailable", " asks to wait."},
    {AGW_TRANSIENT, ErrorKind::Transient, "provider_unavailable", " is not available at the moment."},
    {AGW_MALFORMED, ErrorKind::Malformed, "provider_error",
     " answered something that its protocol does not allow."},
    {AGW_BUG, ErrorKind::Bug, "", ": the plugin failed."},
};

/// The same about what came from a provider by itself.
const char* saysOfInbound(const Outcome& outcome) {
  switch (outcome.status) {
    case AGW_DENIED:
      return " has not proved that it sent this.";
    case AGW_MALFORMED:
      return " sends other events than this.";
    default:
      return outcome.says;
  }
}

const Outcome& outcomeOf(std::int32_t status) {
  const auto* found = std::find_if(std::begin(outcomes), std::end(outcomes),
                                   [status](const auto& outcome) { return outcome.status == status; });
  return found == std::end(outcomes) ? *std::prev(std::end(outcomes)) : *found;
}

std::optional<std::string_view> first(const Fields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::nullopt : std::optional(found->second.reveal());
}

/// A plugin's hint as it may be shown: one line, at most 300 octets, and nothing that it was given in
/// confidence.
std::string shownHint(const HostCall& call) {
  constexpr std::size_t limit = 300;
  std::string hint(first(call.errors(), "hint").value_or(""));
  if (call.holdsSecret(hint)) return {};
  std::replace_if(
      hint.begin(), hint.end(), [](unsigned char octet) { return octet < 0x20 || octet == 0x7f; }, ' ');
  while (hint.size() > limit || !isUtf8(hint)) hint.resize(std::min(hint.size() - 1, limit));
  return hint;
}

/// The provider's error word for the operator's log: a word, not a sentence, for a sentence may quote a
/// token.
std::string loggedWord(const HostCall& call) {
  const std::string word(first(call.errors(), "code").value_or(""));
  const bool plain = word.size() <= 64 && std::all_of(word.begin(), word.end(), [](char character) {
                       return (character >= 'a' && character <= 'z') ||
                              (character >= 'A' && character <= 'Z') ||
                              (character >= '0' && character <= '9') || character == '_' ||
                              character == '-' || character == '.';
                     });
  return plain && !call.holdsSecret(word) ? word : std::string();
}

std::string detailOf(const HostCall& call) {
  std::string detail;
  if (const auto word = loggedWord(call); !word.empty()) detail = "error " + word;
  if (call.lastAnswer() != nullptr) {
    detail += (detail.empty() ? "" : ", ") + std::string("HTTP ") + std::to_string(call.lastAnswer()->status);
  }
  return detail;
}

/// The provider itself says that it did nothing. A 500, 502 or 504 may stand for work that was done.
bool refused(const HostCall& call) {
  if (call.lastAnswer() == nullptr) return false;
  const int status = call.lastAnswer()->status;
  return status == 503 || (status >= 400 && status < 500);
}

/// What the next consent must answer, if it can stand in a link: plain text, and nothing that the plugin was
/// given in confidence.
std::string challengeIn(const HostCall& call) {
  constexpr std::size_t limit = 4096;
  std::string challenge(first(call.errors(), "challenge").value_or(""));
  const bool plain = std::none_of(challenge.begin(), challenge.end(),
                                  [](unsigned char octet) { return octet < 0x20 || octet == 0x7f; });
  return challenge.size() <= limit && plain && !call.holdsSecret(challenge) ? challenge : std::string();
}

std::chrono::seconds pause(const HostCall& call) {
  if (const auto said = first(call.errors(), "retry_after")) return retryAfter(*said, fromMillis(0));
  if (call.lastAnswer() == nullptr) return std::chrono::seconds(0);
  return retryAfter(call.lastAnswer()->header("Retry-After").value_or(""), call.now());
}

}  // namespace

std::int32_t statusOf(ErrorKind kind) {
  const auto* found = std::find_if(std::begin(outcomes), std::end(outcomes),
                                   [kind](const auto& outcome) { return outcome.kind == kind; });
  return found == std::end(outcomes) ? AGW_BUG : found->status;
}

ErrorKind kindOf(std::int32_t status) {
  return outcomeOf(status).kind;
}

Error errorOf(std::int32_t status, const HostCall& call, const std::string& displayName) {
  const auto& outcome = outcomeOf(status);
  Error error{.kind = outcome.kind,
              .message = displayName + (call.isInbound() ? saysOfInbound(outcome) : outcome.says),
              .code = outcome.code,
              .detail = detailOf(call)};
  if (const auto* own = call.hostFailure(status)) {
    error.message = own->message;
    if (!own->detail.empty()) error.detail = own->detail;
    error.retryAfter = own->retryAfter;
  } else if (const auto hint = shownHint(call); !hint.empty()) {
    error.message += ' ' + hint;
  }
  if (isTemporary(error.kind) && error.retryAfter.count() == 0) error.retryAfter = pause(call);
  if (auto challenge = challengeIn(call); status == AGW_GRANT_DEAD && !challenge.empty())
    error.facts["challenge"] = {std::move(challenge)};
  if (!call.reachedProvider()) error.facts["sent"] = {"no"};
  if (refused(call)) error.facts["sent"] = {"refused"};
  return error;
}

}  // namespace agw
