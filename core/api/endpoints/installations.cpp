#include <algorithm>

#include "api/endpoints/endpoint.hpp"
#include "api/endpoints/fields.hpp"
#include "api/endpoints/token_json.hpp"

namespace agw::api {
namespace {

constexpr int kMostOnAPage = 200;

boost::json::value textOrNull(const std::string& text) {
  if (text.empty()) return nullptr;
  return boost::json::value(text);
}

/// Never a token.
boost::json::object described(const KnownInstallation& known) {
  const Installation& row = known.row;
  const bool declared = known.declaration.has_value();
  boost::json::object line{{"id", row.id},
                           {"platform", row.provider},
                           {"external_org_id", row.orgId},
                           {"external_org_name", textOrNull(row.orgName)},
                           {"external_install_id", textOrNull(row.installationId)},
                           {"kinds", textsJson(row.kinds)},
                           {"scopes", textsJson(row.scopes)},
                           {"permissions", row.permissions},
                           {"metadata", row.metadata},
                           {"installed_by", textOrNull(row.installedBy)},
                           {"status", toString(row.status)},
                           {"declared", declared},
                           {"token_expires_at", timeJson(row.tokenExpiresAt)},
                           {"created_at", nullptr},
                           {"updated_at", nullptr},
                           {"revoked_at", timeJson(row.revokedAt)}};
  if (!declared) {
    line["created_at"] = toRfc3339(row.createdAt);
    line["updated_at"] = toRfc3339(row.updatedAt);
  }
  return line;
}

/// Whether the key may list anything at all: decided without looking whether there is something.
Result<void> mayList(const Caller& caller) {
  const auto& operations = caller.permissions.operations;
  if (std::find(operations.begin(), operations.end(), Operation::List) != operations.end()) return {};
  return caller.may(Operation::List, {}, {});
}

Result<InstallationQuery> readQuery(const Request& request) {
  if (auto fault = onlyKnown(request.query, {"platform", "org_id", "status", "limit", "cursor"}))
    return std::move(*fault);
  InstallationQuery query;
  auto platform = optionalId(request.query, "platform");
  if (!platform) return std::move(platform).error();
  query.provider = std::move(*platform);
  auto organisation = optionalId(request.query, "org_id");
  if (!organisation) return std::move(organisation).error();
  query.orgId = std::move(*organisation);
  if (const auto status = request.query.find("status"); status != request.query.end()) {
    query.status = installationStatusFromText(status->second);
    if (!query.status) return fieldFault("status", "'status' must be active, suspended or revoked.");
  }
  const auto limit = optionalInteger(request.query, "limit", 1, kMostOnAPage);
  if (!limit) return limit.error();
  if (*limit) query.limit = static_cast<int>(**limit);
  if (const auto cursor = request.query.find("cursor"); cursor != request.query.end())
    query.cursor = cursor->second;
  return query;
}

Result<Response> list(Gateway& gateway, const Request& request, const Caller& caller) {
  if (auto permitted = mayList(caller); !permitted) return std::move(permitted).error();
  const auto query = readQuery(request);
  if (!query) return query.error();
  const auto page = gateway.parts.installations.list(*query, caller);
  if (!page) return page.error();
  boost::json::array lines;
  for (const auto& known : page->installations) lines.push_back(described(known));
  return jsonResponse({{"installations", std::move(lines)}, {"next_cursor", textOrNull(page->nextCursor)}});
}

Result<Response> one(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto known =
      gateway.parts.installations.find(request.pathParameters.at("id"), Operation::List, caller);
  if (!known) return known.error();
  return jsonResponse(described(*known));
}

Result<Response> remove(Gateway& gateway, const Request& request, const Caller& caller) {
  const auto known =
      gateway.parts.installations.find(request.pathParameters.at("id"), Operation::Revoke, caller);
  if (!known) return known.error();
  const Installation& row = known->row;
  if (known->declaration) {
    return Error{
        .kind = ErrorKind::Conflict,
        .message = "This installation is declared in the providers file; an operator removes it there.",
        .code = "conflict"};
  }
  const auto outcome = gateway.parts.installationEnder.uninstall(row, caller.keyId, request.requestId);
  if (!outcome) return outcome.error();
  const auto& name = row.orgName.empty() ? row.orgId : row.orgName;
  boost::json::object body{{"success", true},
                           {"message", "Installation revoked for " + name + " (" + row.provider + ")"},
                           {"revoked_at_provider", outcome->atProvider}};
  if (!outcome->note.empty()) body["note"] = outcome->note;
  return jsonResponse(body);
}

}  // namespace

void addInstallationRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"GET", "/oauth/installations", callerEndpoint(gateway, list)});
  routes.push_back({"GET", "/oauth/installations/{id}", callerEndpoint(gateway, one)});
  routes.push_back({"DELETE", "/oauth/installations/{id}", callerEndpoint(gateway, remove)});
}

}  // namespace agw::api
