#include "storage/sql/rows.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "storage/errors.hpp"

namespace agw::storage {
namespace {

constexpr std::array<const char*, 2> kGrantStatus{"active", "needs_consent"};
constexpr std::array<const char*, 5> kFlowStatus{"pending", "exchanging", "awaiting_confirmation",
                                                 "completed", "failed"};

constexpr std::array<const char*, 2> kInstallStep{"ticket", "redirect"};
constexpr std::array<const char*, 3> kInstallationStatus{"active", "suspended", "revoked"};

[[noreturn]] void unreadable(const char* what) {
  throw SqlFailure{damaged(what)};
}

template <class Status, std::size_t N>
Status statusAt(const Row& row, int column, const std::array<const char*, N>& words) {
  const std::string word = row.text(column);
  for (std::size_t i = 0; i < N; ++i) {
    if (word == words[i]) return static_cast<Status>(i);
  }
  unreadable("a status column holds an unknown word");
}

}  // namespace

const char* toText(GrantStatus status) {
  return kGrantStatus.at(static_cast<std::size_t>(status));
}
const char* toText(FlowStatus status) {
  return kFlowStatus.at(static_cast<std::size_t>(status));
}

const char* toText(InstallStep step) {
  return kInstallStep.at(static_cast<std::size_t>(step));
}

std::string toJson(const QueryParameters& parameters) {
  boost::json::object object;
  for (const auto& [name, value] : parameters) object[name] = value;
  return boost::json::serialize(object);
}

std::string toJson(const std::vector<std::string>& list) {
  boost::json::array array;
  for (const auto& item : list) array.emplace_back(item);
  return boost::json::serialize(array);
}

std::vector<std::string> listAt(const Row& row, int column) {
  boost::system::error_code fault;
  const auto value = boost::json::parse(row.text(column), fault);
  if (fault || !value.is_array()) unreadable("a list column holds no JSON list");
  std::vector<std::string> list;
  for (const auto& item : value.get_array()) {
    if (!item.is_string()) unreadable("a list column holds something else than texts");
    list.emplace_back(item.get_string());
  }
  return list;
}

boost::json::object objectAt(const Row& row, int column) {
  boost::system::error_code fault;
  auto value = boost::json::parse(row.text(column), fault);
  if (fault || !value.is_object()) unreadable("an object column holds no JSON object");
  return std::move(value.get_object());
}

std::int64_t numberAt(const Row& row, int column) {
  const auto number = row.number(column);
  if (!number) unreadable("a number is missing");
  return *number;
}

int smallNumberAt(const Row& row, int column) {
  return static_cast<int>(numberAt(row, column));
}

TimePoint timeAt(const Row& row, int column) {
  return fromMillis(numberAt(row, column));
}

std::optional<TimePoint> optionalTimeAt(const Row& row, int column) {
  const auto number = row.number(column);
  return number ? std::optional(fromMillis(*number)) : std::nullopt;
}

Grant readGrant(const Row& row) {
  Grant grant;
  int column = 0;
  grant.id = row.text(column++);
  grant.profile = row.text(column++);
  grant.provider = row.text(column++);
  grant.issuer = row.text(column++);
  grant.subject = row.text(column++);
  grant.tokens.accessToken = row.text(column++);
  grant.tokens.refreshToken = row.text(column++);
  grant.tokens.carry = row.text(column++);
  grant.tokens.issuedAt = timeAt(row, column++);
  grant.tokens.accessExpiresAt = optionalTimeAt(row, column++);
  grant.tokens.refreshExpiresAt = optionalTimeAt(row, column++);
  grant.tokens.scopes = listAt(row, column++);
  grant.status = statusAt<GrantStatus>(row, column++, kGrantStatus);
  grant.version = numberAt(row, column++);
  grant.createdAt = timeAt(row, column++);
  grant.consentedAt = timeAt(row, column++);
  grant.updatedAt = timeAt(row, column++);
  grant.fence = numberAt(row, column++);
  grant.openIntents = smallNumberAt(row, column++);
  grant.failures = smallNumberAt(row, column++);
  grant.lastError = row.text(column++);
  grant.challenge = row.text(column++);
  grant.lastAttemptAt = optionalTimeAt(row, column++);
  grant.retryNotBefore = optionalTimeAt(row, column++);
  return grant;
}

Flow readFlow(const Row& row) {
  Flow flow;
  int column = 0;
  flow.id = row.text(column++);
  flow.provider = row.text(column++);
  flow.profile = row.text(column++);
  flow.stateHash = row.text(column++);
  flow.codeVerifier = row.text(column++);
  flow.redirectUri = row.text(column++);
  flow.redirectAfter = row.text(column++);
  flow.scopes = listAt(row, column++);
  flow.configFingerprint = row.text(column++);
  flow.startedBy = row.text(column++);
  flow.status = statusAt<FlowStatus>(row, column++, kFlowStatus);
  flow.error = row.text(column++);
  flow.account = row.text(column++);
  flow.createdAt = timeAt(row, column++);
  flow.expiresAt = timeAt(row, column++);
  flow.confirmationHash = row.text(column++);
  flow.confirmationTries = smallNumberAt(row, column++);
  flow.pendingTokens = row.text(column++);
  flow.deviceCode = row.text(column++);
  flow.pollInterval = std::chrono::seconds(numberAt(row, column++));
  flow.pollAt = optionalTimeAt(row, column++);
  return flow;
}

InstallFlow readInstallFlow(const Row& row) {
  InstallFlow flow;
  int column = 0;
  flow.id = row.text(column++);
  flow.provider = row.text(column++);
  flow.step = statusAt<InstallStep>(row, column++, kInstallStep);
  flow.stateHash = row.text(column++);
  flow.codeVerifier = row.text(column++);
  flow.redirectUri = row.text(column++);
  flow.redirectAfter = row.text(column++);
  flow.orgId = row.text(column++);
  flow.configFingerprint = row.text(column++);
  flow.startedBy = row.text(column++);
  flow.browserHash = row.text(column++);
  for (const auto& [name, value] : objectAt(row, column++)) {
    if (!value.is_string()) unreadable("the parameters of an install hold something else than texts");
    flow.parameters.emplace(name, value.get_string());
  }
  flow.createdAt = timeAt(row, column++);
  flow.expiresAt = timeAt(row, column++);
  return flow;
}

Installation readInstallation(const Row& row) {
  Installation installation;
  int column = 0;
  installation.id = row.text(column++);
  installation.provider = row.text(column++);
  installation.orgId = row.text(column++);
  installation.orgName = row.text(column++);
  installation.installationId = row.text(column++);
  installation.consentId = row.text(column++);
  installation.kinds = listAt(row, column++);
  installation.scopes = listAt(row, column++);
  installation.permissions = objectAt(row, column++);
  installation.metadata = objectAt(row, column++);
  installation.installedBy = row.text(column++);
  installation.status = statusAt<InstallationStatus>(row, column++, kInstallationStatus);
  installation.version = numberAt(row, column++);
  installation.createdAt = timeAt(row, column++);
  installation.updatedAt = timeAt(row, column++);
  installation.revokedAt = optionalTimeAt(row, column++);
  return installation;
}

int executeChecked(Connection& connection, const Sql& sql, std::span<const Value> parameters,
                   const RowHandler& onRow) {
  for (const auto& parameter : parameters) {
    const auto* text = std::get_if<std::string_view>(&parameter);
    // libpq ends a text at NUL: "alice\0x" must not be read as "alice".
    if (text && (text->find('\0') != std::string_view::npos || !isUtf8(*text))) {
      throw SqlFailure{
          Error{.kind = ErrorKind::InvalidRequest, .message = "Text must be UTF-8 without NUL."}};
    }
  }
  return connection.execute(sql, parameters, onRow);
}

}  // namespace agw::storage
