#include "broker/seal.hpp"

#include <algorithm>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "broker/places.hpp"

namespace agw {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr seconds kLongestLife{10LL * 365 * 24 * 3600};

std::optional<TimePoint> endOf(TimePoint start, std::optional<seconds> life) {
  if (!life) return std::nullopt;
  return start + std::clamp(*life, seconds(0), kLongestLife);
}

Result<Sealed> sealOrEmpty(const Vault& vault, const Place& place, const Secret& secret) {
  if (secret.empty()) return Sealed{};
  return vault.seal(place, secret);
}

Result<Secret> openOrEmpty(const Vault& vault, const Place& place, const Sealed& sealed) {
  if (sealed.empty()) return Secret{};
  return vault.open(place, sealed);
}

Error unreadable() {
  return {
      .kind = ErrorKind::Integrity,
      .message = "Stored data cannot be read as what it should be. An administrator must look at the log.",
      .code = "integrity_error"};
}

void putText(json::object& object, const char* name, const Secret& secret) {
  if (!secret.empty()) object[name] = secret.reveal();
}

Secret secretAt(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? Secret(std::string(value->get_string())) : Secret{};
}

std::string textAt(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string{};
}

void putTime(json::object& object, const char* name, std::optional<TimePoint> time) {
  if (time) object[name] = toMillis(*time);
}

std::optional<TimePoint> timeAt(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (!value || !value->is_int64()) return std::nullopt;
  return fromMillis(value->get_int64());
}

Scopes scopesAt(const json::object& object) {
  Scopes scopes;
  const auto* value = object.if_contains("scopes");
  if (!value || !value->is_array()) return scopes;
  for (const auto& scope : value->get_array()) {
    if (scope.is_string()) scopes.emplace_back(scope.get_string());
  }
  return scopes;
}

Result<Sealed> sealObject(const Vault& vault, const Place& place, const json::object& object) {
  return vault.seal(place, Secret(json::serialize(object)));
}

Result<json::object> openObject(const Vault& vault, const Place& place, const Sealed& sealed) {
  auto opened = vault.open(place, sealed);
  if (!opened) return std::move(opened).error();
  json::error_code failure;
  auto value = json::parse(json::string_view(opened->reveal().data(), opened->size()), failure);
  if (failure || !value.is_object()) return unreadable();
  return std::move(value.get_object());
}

}  // namespace

PlainTokens tokensFrom(const TokenSet& answer, const Receipt& receipt, const Scopes& asked,
                       std::optional<seconds> ttlDefault) {
  return {.access = answer.accessToken,
          .refresh = answer.refreshToken,
          .carry = answer.carry,
          .issuedAt = receipt.received,
          .accessExpiresAt = endOf(receipt.sent, answer.expiresIn ? answer.expiresIn : ttlDefault),
          .refreshExpiresAt = endOf(receipt.sent, answer.refreshExpiresIn),
          .scopes = answer.scopes.value_or(asked)};
}

Result<SealedTokens> sealTokens(const Vault& vault, const Grant& grant, const PlainTokens& tokens) {
  auto access = sealOrEmpty(vault, placeOf(grant, column::kAccessToken), tokens.access);
  if (!access) return std::move(access).error();
  auto refresh = sealOrEmpty(vault, placeOf(grant, column::kRefreshToken), tokens.refresh);
  if (!refresh) return std::move(refresh).error();
  auto carry = sealOrEmpty(vault, placeOf(grant, column::kCarry), tokens.carry);
  if (!carry) return std::move(carry).error();
  return SealedTokens{.accessToken = std::move(*access),
                      .refreshToken = std::move(*refresh),
                      .carry = std::move(*carry),
                      .issuedAt = tokens.issuedAt,
                      .accessExpiresAt = tokens.accessExpiresAt,
                      .refreshExpiresAt = tokens.refreshExpiresAt,
                      .scopes = tokens.scopes};
}

Result<PlainTokens> openTokens(const Vault& vault, const Grant& grant) {
  auto access = openAccessToken(vault, grant);
  if (!access) return std::move(access).error();
  auto refresh = openRefreshToken(vault, grant);
  if (!refresh) return std::move(refresh).error();
  auto carry = openOrEmpty(vault, placeOf(grant, column::kCarry), grant.tokens.carry);
  if (!carry) return std::move(carry).error();
  return PlainTokens{.access = std::move(*access),
                     .refresh = std::move(*refresh),
                     .carry = std::move(*carry),
                     .issuedAt = grant.tokens.issuedAt,
                     .accessExpiresAt = grant.tokens.accessExpiresAt,
                     .refreshExpiresAt = grant.tokens.refreshExpiresAt,
                     .scopes = grant.tokens.scopes};
}

Result<Secret> openAccessToken(const Vault& vault, const Grant& grant) {
  return openOrEmpty(vault, placeOf(grant, column::kAccessToken), grant.tokens.accessToken);
}

Result<Secret> openRefreshToken(const Vault& vault, const Grant& grant) {
  return openOrEmpty(vault, placeOf(grant, column::kRefreshToken), grant.tokens.refreshToken);
}

Result<Sealed> sealPending(const Vault& vault, const Flow& flow, const PendingConsent& consent) {
  json::object object;
  putText(object, "access", consent.tokens.access);
  putText(object, "refresh", consent.tokens.refresh);
  putText(object, "carry", consent.tokens.carry);
  putTime(object, "issued_at", consent.tokens.issuedAt);
  putTime(object, "access_expires_at", consent.tokens.accessExpiresAt);
  putTime(object, "refresh_expires_at", consent.tokens.refreshExpiresAt);
  object["scopes"] = json::array(consent.tokens.scopes.begin(), consent.tokens.scopes.end());
  object["issuer"] = consent.issuer;
  object["subject"] = consent.subject;
  return sealObject(vault, placeOf(flow, column::kPendingTokens), object);
}

Result<PendingConsent> openPending(const Vault& vault, const Flow& flow) {
  const auto object = openObject(vault, placeOf(flow, column::kPendingTokens), flow.pendingTokens);
  if (!object) return object.error();
  const auto issuedAt = timeAt(*object, "issued_at");
  if (!issuedAt) return unreadable();
  return PendingConsent{.tokens = {.access = secretAt(*object, "access"),
                                   .refresh = secretAt(*object, "refresh"),
                                   .carry = secretAt(*object, "carry"),
                                   .issuedAt = *issuedAt,
                                   .accessExpiresAt = timeAt(*object, "access_expires_at"),
                                   .refreshExpiresAt = timeAt(*object, "refresh_expires_at"),
                                   .scopes = scopesAt(*object)},
                        .issuer = textAt(*object, "issuer"),
                        .subject = textAt(*object, "subject")};
}

Result<Sealed> sealCondemned(const Vault& vault, const PendingRevocation& row, const Condemned& condemned) {
  json::object object;
  putText(object, "access", condemned.tokens.accessToken);
  putText(object, "refresh", condemned.tokens.refreshToken);
  putText(object, "carry", condemned.tokens.carry);
  object["subject"] = condemned.subject;
  if (!condemned.tokens.orgId.empty()) object["org_id"] = condemned.tokens.orgId;
  if (!condemned.tokens.installationId.empty()) object["installation_id"] = condemned.tokens.installationId;
  return sealObject(vault, placeOf(row), object);
}

Result<Condemned> openCondemned(const Vault& vault, const PendingRevocation& row) {
  const auto object = openObject(vault, placeOf(row), row.tokens);
  if (!object) return object.error();
  return Condemned{.tokens = {.accessToken = secretAt(*object, "access"),
                              .refreshToken = secretAt(*object, "refresh"),
                              .carry = secretAt(*object, "carry"),
                              .orgId = textAt(*object, "org_id"),
                              .installationId = textAt(*object, "installation_id")},
                   .subject = textAt(*object, "subject")};
}

}  // namespace agw
