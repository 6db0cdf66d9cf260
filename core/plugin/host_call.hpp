#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_gateway/abi.h"
#include "plugin/answer.hpp"
#include "plugin/host_services.hpp"
#include "plugin/outgoing.hpp"
#include "plugin/plugin.hpp"

namespace agw {

/// What was put, by name, in the order it came; repeated names are kept.
using Fields = std::multimap<std::string, Secret, std::less<>>;
using Inputs = std::map<std::string, Secret, std::less<>>;

struct Emitted {
  std::uint32_t record = 0;
  Fields fields;
};

/// One operation in a plugin: the host's side of `agw_call`. A plugin is trusted not to corrupt memory and
/// with nothing else: what it puts is bounded and checked, and the first fault is remembered and fails
/// everything after it. Used by one thread, once.
class HostCall {
 public:
  struct Setting {
    const ProviderConfig& config;
    const boost::json::value& options;
    HostServices& services;
    std::string nonce;  ///< that an id_token must carry; empty: not compared
    bool maySend = true;
    /// What a redirect or a webhook brought in. Must outlive the call.
    const QueryParameters* parameters = nullptr;
    const WebhookRequest* webhook = nullptr;
  };
  HostCall(Setting setting, Inputs inputs, Secret carry);

  /// Runs the operation and returns what it really came to: the plugin's word, or a fault that the host saw.
  [[nodiscard]] std::int32_t run(const agw_provider& plugin, std::uint32_t operation);

  // What came of it.
  [[nodiscard]] const std::vector<Emitted>& records() const { return records_; }
  [[nodiscard]] const Fields& results() const { return results_; }
  [[nodiscard]] const Fields& errors() const { return errors_; }
  /// The failure of the host's own work (sending, verifying) that `status` repeats; nothing when there is
  /// none.
  [[nodiscard]] const Error* hostFailure(std::int32_t status) const;
  /// False when certainly no octet of this operation reached the provider.
  [[nodiscard]] bool reachedProvider() const { return reachedProvider_; }
  [[nodiscard]] const HttpResponse* lastAnswer() const {
    return answers_.empty() ? nullptr : &answers_.back().response();
  }
  /// It reads what a provider sent by itself.
  [[nodiscard]] bool isInbound() const { return setting_.webhook != nullptr; }
  [[nodiscard]] TimePoint now() const { return setting_.services.now(); }
  /// True when `text` holds one of the secrets that this operation was given.
  [[nodiscard]] bool holdsSecret(std::string_view text) const;

 private:
  static std::int32_t getEntry(void* host, std::uint32_t slot, agw_text name, agw_text* value);
  static std::int32_t putEntry(void* host, std::uint32_t slot, agw_text name, agw_text value);
  static std::int32_t sendEntry(void* host);
  static std::int32_t emitEntry(void* host, std::uint32_t record);

  std::int32_t get(std::uint32_t slot, std::string_view name, agw_text& value);
  std::int32_t getAnswer(std::uint32_t slot, std::string_view name, agw_text& value);
  std::int32_t getInbound(std::uint32_t slot, std::string_view name, agw_text& value);
  std::int32_t getClient(std::string_view name, agw_text& value) const;
  std::int32_t getSignedJwt(std::string_view claims, agw_text& value);
  std::int32_t put(std::uint32_t slot, std::string_view name, std::string_view value);
  std::int32_t putRequest(std::uint32_t slot, std::string_view name, std::string_view value);
  std::int32_t send();
  std::int32_t emit(std::uint32_t record);

  std::int32_t getJson(const boost::json::value* value, agw_text& text);
  std::int32_t getKeys(std::string_view pointer, agw_text& text);
  std::int32_t getClaim(std::string_view pointer, agw_text& text);
  std::int32_t verify();
  std::int32_t give(std::string_view text, agw_text& out) const;
  std::int32_t giveIf(std::optional<std::string_view> text, agw_text& out) const;
  std::int32_t giveIf(const Secret& secret, agw_text& out) const;
  std::int32_t keep(std::string text, agw_text& out);
  std::int32_t fault(std::int32_t status);
  std::int32_t failed(Error error);

  Setting setting_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Inputs inputs_;
  Secret carry_;
  Outgoing outgoing_;
  std::deque<Answer> answers_;
  /// What AGW_DOCUMENT reads is the last: the webhook, or a text that the plugin had parsed.
  std::deque<Answer> documents_;
  std::deque<Secret> kept_;  ///< values made for the plugin; they live as long as the call
  Fields results_;
  Fields errors_;
  Fields verification_;
  Secret signingKey_;
  std::optional<boost::json::value> claims_;
  std::vector<Emitted> records_;
  std::optional<Error> hostFailure_;
  std::int32_t hostStatus_ = AGW_OK;
  std::int32_t fault_ = AGW_OK;
  std::size_t putOctets_ = 0;
  std::size_t gets_ = 0;
  bool reachedProvider_ = false;
};

}  // namespace agw
