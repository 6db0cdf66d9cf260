#include "domain/caller.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace agw {
namespace {

constexpr std::array<std::pair<Operation, const char*>, 6> kOperations{{{Operation::Consent, "consent"},
                                                                        {Operation::Token, "token"},
                                                                        {Operation::List, "list"},
                                                                        {Operation::Revoke, "revoke"},
                                                                        {Operation::Metrics, "metrics"},
                                                                        {Operation::Import, "import"}}};

Error notPermitted() {
  return Error{.kind = ErrorKind::Forbidden,
               .message =
                   "This API key may not do that. An administrator can make one that may: "
                   "auth-gateway api-keys create.",
               .code = "forbidden"};
}

constexpr std::string_view kOrganisation = "org:";

bool covers(const std::string& pattern, const std::string& owner) {
  if (pattern == "*") return true;
  const bool organisation = owner.starts_with(kOrganisation);
  if (pattern == kAnyOrganisation) return organisation;
  if (pattern.starts_with("*@")) {
    const auto at = organisation ? std::string::npos : owner.rfind('@');
    return at != std::string::npos && toLower(pattern.substr(1)) == toLower(owner.substr(at));
  }
  return toLower(pattern) == toLower(owner);
}

}  // namespace

std::string organisationOwner(std::string_view orgId) {
  return std::string(kOrganisation).append(orgId);
}

const char* toString(Operation operation) {
  for (const auto& [known, text] : kOperations) {
    if (known == operation) return text;
  }
  return "";
}

std::optional<Operation> operationFromText(std::string_view text) {
  for (const auto& [operation, known] : kOperations) {
    if (text == known) return operation;
  }
  return std::nullopt;
}

Permissions Permissions::all() {
  Permissions permissions;
  for (const auto& entry : kOperations) permissions.operations.push_back(entry.first);
  permissions.providers = {"*"};
  permissions.owners = {"*"};
  return permissions;
}

bool Caller::sees(const std::string& provider, const std::string& owner) const {
  const auto& providers = permissions.providers;
  const auto& owners = permissions.owners;
  return std::any_of(providers.begin(), providers.end(),
                     [&](const std::string& allowed) { return allowed == "*" || allowed == provider; }) &&
         std::any_of(owners.begin(), owners.end(),
                     [&](const std::string& allowed) { return covers(allowed, owner); });
}

Result<void> Caller::may(Operation operation) const {
  const auto& operations = permissions.operations;
  if (std::find(operations.begin(), operations.end(), operation) != operations.end()) return {};
  return notPermitted();
}

Result<void> Caller::may(Operation operation, const std::string& provider, const std::string& owner) const {
  if (!sees(provider, owner)) return notPermitted();
  return may(operation);
}

}  // namespace agw
