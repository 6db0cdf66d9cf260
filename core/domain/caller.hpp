#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace agw {

/// What a key may do. One word an endpoint family; the words are those of `api-keys create --operations`.
enum class Operation {
  Consent,  ///< start, confirm
  Token,    ///< fetch access tokens
  List,     ///< see which grants exist
  Revoke,
  Metrics,  ///< read the gateway's own figures
  Import,   ///< hand over refresh tokens that were kept elsewhere
};

[[nodiscard]] const char* toString(Operation operation);
[[nodiscard]] std::optional<Operation> operationFromText(std::string_view text);

/// Default deny: an empty list allows nothing. `*` in a list allows all.
/// Owners are e-mail addresses, `*@domain`, `org:<id of an organisation>` or `org:*`, compared without case.
struct Permissions {
  std::vector<Operation> operations;
  std::vector<std::string> providers;
  std::vector<std::string> owners;

  [[nodiscard]] static Permissions all();
};

/// An organisation as an owner in `Permissions`. No e-mail looks like that.
[[nodiscard]] std::string organisationOwner(std::string_view orgId);
/// Only who may act for every organisation may act for this owner.
inline constexpr const char* kAnyOrganisation = "org:*";

/// Whoever sent a request with a valid key. The root key is a caller whose permissions are `all()`.
struct Caller {
  std::string keyId;  ///< UUID of a named key, `root` for the key of the environment
  std::string name;
  Permissions permissions;

  /// `Forbidden` without naming what is missing, so that a key learns nothing about owners it may not see.
  [[nodiscard]] Result<void> may(Operation operation, const std::string& provider,
                                 const std::string& owner) const;
  /// For what concerns no grant.
  [[nodiscard]] Result<void> may(Operation operation) const;
  [[nodiscard]] bool sees(const std::string& provider, const std::string& owner) const;
};

/// A named key as stored in `api_keys`.
struct ApiKeyRecord {
  std::string id;
  std::string name;
  std::string prefix;   ///< first characters, for people who look for a key
  std::string keyHash;  ///< hex SHA-256: the key has 256 random bits, so no slow hash is needed
  Permissions permissions;
  TimePoint createdAt;
  std::optional<TimePoint> expiresAt;
  std::optional<TimePoint> revokedAt;
  std::optional<TimePoint> lastUsedAt;
};

}  // namespace agw
