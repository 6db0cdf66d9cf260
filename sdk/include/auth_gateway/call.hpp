#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_gateway/abi.h"

namespace auth_gateway {

/// How an operation ended, which is to say: who must act. abi.h explains each.
enum class Status : std::int32_t {
  Ok = AGW_OK,
  Absent = AGW_ABSENT,
  Unsupported = AGW_UNSUPPORTED,
  BadOption = AGW_BAD_OPTION,
  BadClient = AGW_BAD_CLIENT,
  Denied = AGW_DENIED,
  GrantDead = AGW_GRANT_DEAD,
  RateLimited = AGW_RATE_LIMITED,
  Transient = AGW_TRANSIENT,
  Malformed = AGW_MALFORMED,
  Bug = AGW_BUG,
  Pending = AGW_PENDING,
};

/// A value of the host, or nothing. Valid until the operation returns.
using Text = std::optional<std::string_view>;

/// One call from the gateway: what it gives, the requests it sends for you, the results it takes. Used by the
/// thread that was called, until the operation returns. What the host refuses to take (a line break in a
/// header, a token with control characters) it remembers: the next `send` or `emit` fails with the right
/// status, and so does the operation.
class Call {
 public:
  explicit Call(const agw_call& raw) : raw_(&raw) {}

  // ---- given ----------------------------------------------------------------------------------------------
  [[nodiscard]] std::uint32_t operation() const { return raw_->operation; }
  [[nodiscard]] Text input(std::string_view name) const { return get(AGW_INPUT, name); }
  [[nodiscard]] std::string_view clientId() const { return get(AGW_CLIENT, "id").value_or(""); }
  [[nodiscard]] std::string_view clientSecret() const { return get(AGW_CLIENT, "secret").value_or(""); }
  /// What inbound events are signed with; empty: the entry has none.
  [[nodiscard]] std::string_view webhookSecret() const {
    return get(AGW_CLIENT, "webhook_secret").value_or("");
  }
  /// The grant is an organisation's, not a person's.
  [[nodiscard]] bool forInstallation() const { return input("purpose") == "installation"; }
  /// By JSON pointer: `option("/access_type")`. Text as it is, anything else as JSON text.
  [[nodiscard]] Text option(std::string_view pointer) const { return get(AGW_OPTION, pointer); }
  [[nodiscard]] bool flag(std::string_view pointer) const { return option(pointer) == "true"; }
  /// The keys of the object at `pointer`.
  [[nodiscard]] std::vector<std::string_view> optionKeys(std::string_view pointer) const;
  /// What `AGW_RESULT "carry"` of the grant's latest token said.
  [[nodiscard]] Text carry() const { return get(AGW_CARRY, ""); }
  /// Seconds since 1970.
  [[nodiscard]] std::int64_t now() const { return number(get(AGW_NOW, "")); }

  // ---- what came in: a redirect or a webhook. Strangers' text until it is verified
  // ---------------------------------------------------------------------------------------------------------
  /// Query parameter of the redirect, or of the webhook's address.
  [[nodiscard]] Text parameter(std::string_view name) const { return get(AGW_PARAMETER, name); }
  /// Header of the webhook's request, by name without case.
  [[nodiscard]] Text inboundHeader(std::string_view name) const { return get(AGW_INBOUND_HEADER, name); }
  /// The webhook's body as it came: what its signature covers.
  [[nodiscard]] std::string_view inboundBody() const { return get(AGW_INBOUND_BODY, "").value_or(""); }
  /// Field of a form-encoded webhook body.
  [[nodiscard]] Text inboundForm(std::string_view name) const { return get(AGW_INBOUND_FORM, name); }
  /// By JSON pointer into the webhook's body or, after `parse`, into the text that was parsed.
  [[nodiscard]] Text document(std::string_view pointer) const { return get(AGW_DOCUMENT, pointer); }
  /// Makes `document` read `text` from now on. False when it is no JSON (or just `null`).
  [[nodiscard]] bool parse(std::string_view text) {
    put(AGW_PARSE, "", text);
    return document("").has_value();
  }

  // ---- signatures -----------------------------------------------------------------------------------------
  /// 64 lower-case hex digits. Compare them by `equalInConstantTime`.
  [[nodiscard]] std::string_view hmacSha256(std::string_view key, std::string_view message) {
    put(AGW_SIGN, "key", key);
    return get(AGW_HMAC_SHA256, message).value_or("");
  }
  /// A JWT of these claims (a JSON object), RS256 with the entry's private key, which the host holds.
  /// Nothing when the entry has none: return `Status::BadOption`.
  [[nodiscard]] Text signedJwt(std::string_view claims) const { return get(AGW_SIGNED_JWT, claims); }

  // ---- the next request -----------------------------------------------------------------------------------
  void method(std::string_view name) { put(AGW_METHOD, "", name); }
  void url(std::string_view address) { put(AGW_URL, "", address); }
  void requestHeader(std::string_view name, std::string_view value) { put(AGW_REQUEST_HEADER, name, value); }
  void bearer(std::string_view token) { requestHeader("Authorization", "Bearer " + std::string(token)); }
  void query(std::string_view name, std::string_view value) { put(AGW_QUERY, name, value); }
  void formField(std::string_view name, std::string_view value) { put(AGW_FORM_FIELD, name, value); }
  void body(std::string_view contentType, std::string_view text) { put(AGW_BODY, contentType, text); }
  void basic(std::string_view user, std::string_view password) { put(AGW_BASIC, user, password); }
  /// `Ok`: an answer of any HTTP status is there. Anything else: return it.
  [[nodiscard]] Status send() { return Status(raw_->send(raw_->host)); }

  // ---- its answer -----------------------------------------------------------------------------------------
  [[nodiscard]] int httpStatus() const { return static_cast<int>(number(get(AGW_STATUS, ""))); }
  [[nodiscard]] Text header(std::string_view name) const { return get(AGW_HEADER, name); }
  [[nodiscard]] Text json(std::string_view pointer) const { return get(AGW_JSON, pointer); }
  [[nodiscard]] Text form(std::string_view name) const { return get(AGW_FORM, name); }
  /// Its `Date` in seconds since 1970: the provider's clock. Nothing when it tells none.
  [[nodiscard]] std::optional<std::int64_t> answerTime() const {
    const Text seconds = get(AGW_ANSWER_TIME, "");
    return seconds ? std::optional(number(seconds)) : std::nullopt;
  }
  /// A top-level member, whether the answer is JSON or form-encoded. An empty text counts as absent, and so
  /// does an object, a list or a truth value: no field of OAuth is one.
  [[nodiscard]] Text field(std::string_view name) const;
  /// The same for the JSON member at `pointer`.
  [[nodiscard]] Text plain(std::string_view pointer) const;

  // ---- an id_token ----------------------------------------------------------------------------------------
  /// The host verifies `AGW_INPUT "id_token"`: signature, issuer (one of these), audience, time, nonce. In a
  /// webhook: its body, as a Security Event Token (RFC 8417).
  [[nodiscard]] Status verifyIdToken(const std::vector<std::string>& issuers, std::string_view jwksUrl);
  /// A claim, after `verifyIdToken` said `Ok`.
  [[nodiscard]] Text claim(std::string_view pointer) const { return get(AGW_ID_TOKEN, pointer); }

  // ---- results --------------------------------------------------------------------------------------------
  /// Puts the value if there is one.
  void result(std::string_view name, Text value) {
    if (value) put(AGW_RESULT, name, *value);
  }
  [[nodiscard]] Status emit(std::uint32_t record) { return Status(raw_->emit(raw_->host, record)); }
  /// The provider's own word, for the operator.
  void errorWord(std::string_view word) { put(AGW_ERROR, "code", word); }
  /// With `Status::GrantDead`: what the consent that replaces the grant must answer. Its `authorize` finds it
  /// as `input("challenge")`. Up to 4 KB; never a secret.
  void challenge(std::string_view text) { put(AGW_ERROR, "challenge", text); }
  /// `return call.fail(Status::BadOption, "Set tenant.")`: the hint is for the one who must act; never put a
  /// secret there.
  [[nodiscard]] Status fail(Status status, std::string_view hint) {
    put(AGW_ERROR, "hint", hint);
    return status;
  }

  // ---- the border itself, for slots that this header does not name
  // ------------------------------------------
  [[nodiscard]] Text get(std::uint32_t slot, std::string_view name) const {
    agw_text value{nullptr, 0};
    if (raw_->get(raw_->host, slot, text(name), &value) != AGW_OK) return std::nullopt;
    return value.size == 0 ? std::string_view() : std::string_view(value.data, value.size);
  }
  Status put(std::uint32_t slot, std::string_view name, std::string_view value) {
    return Status(raw_->put(raw_->host, slot, text(name), text(value)));
  }

 private:
  static agw_text text(std::string_view view) { return agw_text{view.data(), view.size()}; }
  static std::int64_t number(Text digits);

  const agw_call* raw_;
};

inline std::int64_t Call::number(Text digits) {
  std::int64_t value = 0;
  for (const char digit : digits.value_or("")) {
    if (digit < '0' || digit > '9' || value > INT64_MAX / 10 - 1) return 0;
    value = value * 10 + (digit - '0');
  }
  return value;
}

inline std::vector<std::string_view> Call::optionKeys(std::string_view pointer) const {
  std::vector<std::string_view> keys;
  std::string_view rest = get(AGW_OPTION_KEYS, pointer).value_or("");
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    keys.push_back(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return keys;
}

inline Text Call::plain(std::string_view pointer) const {
  const Text value = json(pointer);
  const bool structured = value && (value->substr(0, 1) == "{" || value->substr(0, 1) == "[");
  return !value || value->empty() || structured || value == "true" || value == "false" ? std::nullopt : value;
}

inline Text Call::field(std::string_view name) const {
  if (const Text value = plain("/" + std::string(name))) return value;
  const Text value = form(name);
  return value && value->empty() ? std::nullopt : value;
}

inline Status Call::verifyIdToken(const std::vector<std::string>& issuers, std::string_view jwksUrl) {
  for (const auto& issuer : issuers) put(AGW_VERIFY, "issuer", issuer);
  put(AGW_VERIFY, "jwks_url", jwksUrl);
  // A claim that every verified token has.
  const auto claim = operation() == AGW_WEBHOOK ? text("/events") : text("/sub");
  agw_text value{nullptr, 0};
  const auto status = Status(raw_->get(raw_->host, AGW_ID_TOKEN, claim, &value));
  return status == Status::Absent ? Status::Malformed : status;
}

}  // namespace auth_gateway
