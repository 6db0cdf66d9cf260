#pragma once

#include <array>
#include <string>
#include <vector>

#include "domain/flow.hpp"
#include "domain/grant.hpp"
#include "domain/install_flow.hpp"
#include "domain/installation_record.hpp"
#include "storage/sql/connection.hpp"

namespace agw::storage {

// How our types stand in columns: times as milliseconds since 1970, lists as JSON text, a choice as its word.

[[nodiscard]] inline Value toValue(std::string_view text) {
  return text;
}
[[nodiscard]] inline Value toValue(const std::string& text) {
  return std::string_view(text);
}
[[nodiscard]] inline Value toValue(const char* text) {
  return std::string_view(text);
}
[[nodiscard]] inline Value toValue(std::int64_t number) {
  return number;
}
[[nodiscard]] inline Value toValue(int number) {
  return std::int64_t{number};
}
[[nodiscard]] inline Value toValue(std::chrono::seconds span) {
  return std::int64_t{span.count()};
}
[[nodiscard]] inline Value toValue(std::chrono::milliseconds span) {
  return std::int64_t{span.count()};
}
[[nodiscard]] inline Value toValue(TimePoint time) {
  return toMillis(time);
}
[[nodiscard]] inline Value toValue(const std::optional<TimePoint>& time) {
  return time ? Value(toMillis(*time)) : Value();
}

[[nodiscard]] const char* toText(GrantStatus status);
[[nodiscard]] const char* toText(FlowStatus status);
[[nodiscard]] const char* toText(InstallStep step);
[[nodiscard]] std::string toJson(const std::vector<std::string>& list);
[[nodiscard]] std::string toJson(const QueryParameters& parameters);

// Throw SqlFailure (Integrity) for what is not there or not what it should be.
[[nodiscard]] std::vector<std::string> listAt(const Row& row, int column);
[[nodiscard]] boost::json::object objectAt(const Row& row, int column);
[[nodiscard]] std::int64_t numberAt(const Row& row, int column);
[[nodiscard]] int smallNumberAt(const Row& row, int column);
[[nodiscard]] TimePoint timeAt(const Row& row, int column);
[[nodiscard]] std::optional<TimePoint> optionalTimeAt(const Row& row, int column);
[[nodiscard]] Grant readGrant(const Row& row);
[[nodiscard]] Flow readFlow(const Row& row);
[[nodiscard]] InstallFlow readInstallFlow(const Row& row);
[[nodiscard]] Installation readInstallation(const Row& row);

/// In the order in which the functions above expect them.
inline const std::string kGrantColumns =
    "id, profile_id, provider_id, issuer, subject, access_token, refresh_token, carry, issued_at, "
    "token_expiry, "
    "refresh_expires_at, scopes, status, version, created_at, consented_at, updated_at, fence, open_intents, "
    "failures, last_error, challenge, last_attempt_at, retry_not_before";

inline constexpr int kGrantColumnCount = 24;

inline const std::string kFlowColumns =
    "id, provider_id, profile_id, state, code_verifier, redirect_uri, redirect_after, scopes, "
    "config_fingerprint, "
    "started_by, status, error, account, created_at, expires_at, confirmation_hash, confirmation_tries, "
    "pending_tokens, device_code, poll_interval, poll_at";

inline const std::string kInstallFlowColumns =
    "id, platform, step, state, code_verifier, redirect_uri, redirect_after, org_id, config_fingerprint, "
    "started_by, browser_hash, parameters, created_at, expires_at";

inline const std::string kInstallationColumns =
    "id, platform, external_org_id, external_org_name, external_install_id, consent_id, kinds, scopes, "
    "permissions, metadata, installed_by, status, version, created_at, updated_at, revoked_at";

/// Executes with what `arguments` say, after looking that no text of them would be cut or refused by a
/// database.
int executeChecked(Connection& connection, const Sql& sql, std::span<const Value> parameters,
                   const RowHandler& onRow);

template <class... Arguments>
int execute(Connection& connection, const Sql& sql, const RowHandler& onRow, const Arguments&... arguments) {
  const std::array<Value, sizeof...(Arguments)> parameters{toValue(arguments)...};
  return executeChecked(connection, sql, parameters, onRow);
}
/// For statements that return nothing. Returns how many rows changed.
template <class... Arguments>
int change(Connection& connection, const Sql& sql, const Arguments&... arguments) {
  return execute(connection, sql, {}, arguments...);
}
/// The first row, if any.
template <class Read, class... Arguments>
auto fetch(Connection& connection, const Sql& sql, Read read, const Arguments&... arguments) {
  std::optional<decltype(read(std::declval<const Row&>()))> found;
  execute(
      connection, sql,
      [&](const Row& row) {
        if (!found) found = read(row);
      },
      arguments...);
  return found;
}
template <class Read, class... Arguments>
auto fetchAll(Connection& connection, const Sql& sql, Read read, const Arguments&... arguments) {
  std::vector<decltype(read(std::declval<const Row&>()))> rows;
  execute(
      connection, sql, [&](const Row& row) { rows.push_back(read(row)); }, arguments...);
  return rows;
}
/// The same for rows that have been changed already and so must not be lost with one that cannot be read:
/// that one is left out, and `note` told why.
template <class Read, class Note, class... Arguments>
auto fetchReadable(Connection& connection, const Sql& sql, Read read, Note note,
                   const Arguments&... arguments) {
  std::vector<decltype(read(std::declval<const Row&>()))> rows;
  execute(
      connection, sql,
      [&](const Row& row) {
        try {
          rows.push_back(read(row));
        } catch (const SqlFailure& failure) {
          if (failure.error.kind != ErrorKind::Integrity) throw;
          note(failure);
        }
      },
      arguments...);
  return rows;
}

}  // namespace agw::storage
