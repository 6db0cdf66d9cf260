#include "api/endpoints/standard_form.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

#include "api/edge/target.hpp"
#include "api/endpoints/fields.hpp"
#include "api/text.hpp"
#include "base/encoding.hpp"

namespace agw::api {
namespace {

constexpr std::string_view kExchange = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessToken = "urn:ietf:params:oauth:token-type:access_token";

using SubjectType = std::pair<std::string_view, TokenExchange::Subject>;
constexpr std::array<SubjectType, 3> kSubjectTypes{
    {{"urn:auth-gateway:token-type:user_email", TokenExchange::Subject::User},
     {"urn:auth-gateway:token-type:org_id", TokenExchange::Subject::Organisation},
     {"urn:auth-gateway:token-type:installation_id", TokenExchange::Subject::Installation}}};

std::string textOf(const Query& form, const char* name) {
  const auto found = form.find(name);
  return found == form.end() ? std::string() : found->second;
}

/// The secret of `Basic`: ordinary base64 of two form-encoded texts and a colon. Nothing for anything else.
std::optional<std::string> basicSecret(std::string_view credentials) {
  std::string text(trimmed(credentials));
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  const auto pair = base64UrlDecode(text);
  if (!pair) return std::nullopt;
  const auto colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return percentDecode(std::string_view(*pair).substr(colon + 1), true);
}

bool usesBasic(const Request& request) {
  return startsIgnoringCase(request.header("Authorization").value_or(""), "Basic ");
}

Error keyTwice() {
  return Error{.kind = ErrorKind::InvalidRequest,
               .message = "Send the API key once: as the client's secret, or in a header.",
               .facts = {{"field", {"client_secret"}}}};
}

struct Word {
  const char* error;
  int status;
};

Word wordFor(const std::string& code, int status) {
  if (code == "invalid_api_key") return {"invalid_client", 401};
  if (code == "forbidden") return {"unauthorized_client", 400};
  if (code == "unknown_provider") return {"invalid_target", 400};
  if (code == "not_authenticated" || code == "refresh_failed") return {"invalid_grant", 400};
  if (code == "missing_scopes" || code == "invalid_scope") return {"invalid_scope", 400};
  if (status == 503 || status == 429) return {"temporarily_unavailable", status};
  if (status >= 500) return {"server_error", status};
  return {"invalid_request", 400};
}

}  // namespace

bool isForm(const Request& request) {
  const auto type = request.header("Content-Type").value_or("");
  return equalsIgnoringCase(trimmed(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

Result<Request> withKeyOfClient(const Request& request) {
  const auto form = parseParameters(request.body);
  if (!form) return form.error();
  std::string secret = textOf(*form, "client_secret");
  Request keyed = request;
  if (usesBasic(request)) {
    if (!secret.empty() || request.header("X-API-Key")) return keyTwice();
    const auto header = request.header("Authorization").value_or("");
    secret = basicSecret(header.substr(std::string_view("Basic ").size())).value_or("");
    std::erase_if(keyed.headers,
                  [](const auto& field) { return equalsIgnoringCase(field.first, "Authorization"); });
  } else if (!secret.empty() && (request.header("X-API-Key") || request.header("Authorization"))) {
    return keyTwice();
  }
  if (!secret.empty()) keyed.headers.emplace_back("X-API-Key", secret);
  return keyed;
}

Result<TokenExchange> readExchange(const Request& request) {
  const auto form = parseParameters(request.body);
  if (!form) return form.error();
  if (textOf(*form, "grant_type") != kExchange) {
    return fieldFault("grant_type", "'grant_type' must be " + std::string(kExchange) + ".",
                      "unsupported_grant_type");
  }
  const auto wanted = textOf(*form, "requested_token_type");
  if (!wanted.empty() && wanted != kAccessToken) {
    return fieldFault("requested_token_type",
                      "'requested_token_type' must be " + std::string(kAccessToken) + "; leave it out.");
  }
  if (form->contains("actor_token") || form->contains("actor_token_type"))
    return fieldFault("actor_token", "The gateway hands out tokens for one party: leave 'actor_token' out.");
  TokenExchange exchange;
  const auto audience = textOf(*form, "audience");
  const auto resource = textOf(*form, "resource");
  exchange.provider = audience.empty() ? resource : audience;
  if (exchange.provider.empty() || (!resource.empty() && resource != exchange.provider))
    return fieldFault("audience", "'audience' (or 'resource') must be the id of one provider.",
                      "invalid_target");
  const auto type = textOf(*form, "subject_token_type");
  const auto* known = std::find_if(kSubjectTypes.begin(), kSubjectTypes.end(),
                                   [&](const SubjectType& each) { return each.first == type; });
  if (known == kSubjectTypes.end()) {
    auto fault = fieldFault("subject_token_type", "'subject_token_type' must say what 'subject_token' is.");
    for (const auto& each : kSubjectTypes) fault.facts["allowed"].emplace_back(each.first);
    return fault;
  }
  exchange.kind = known->second;
  auto subject = checkedId(textOf(*form, "subject_token"), "subject_token");
  if (!subject) return std::move(subject).error();
  exchange.subject = std::move(*subject);
  auto scopes = readScopes(textOf(*form, "scope"));
  if (!scopes) return std::move(scopes).error();
  exchange.scopes = std::move(*scopes);
  return exchange;
}

Response standardError(const Error& error, const Request& request, const std::optional<ConsentHint>& hint) {
  const auto plain = errorResponse(error, request.requestId);
  const auto code = errorCode(error);
  auto [word, status] = wordFor(code, plain.status);
  if (code == "unsupported_grant_type" || code == "invalid_target") word = code.c_str();
  boost::json::object body{{"error", word},
                           {"error_description", error.message},
                           {"code", code},
                           {"request_id", request.requestId}};
  if (hint) {
    body["auth_url"] = hint->authUrl;
    body["expires_at"] = toRfc3339(hint->expiresAt);
  }
  auto response = jsonResponse(body, status);
  for (const auto& [name, value] : plain.headers) {
    if (name == "Retry-After") response.headers.emplace_back(name, value);
  }
  if (status == 401 && usesBasic(request))
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"auth-gateway\"");
  return response;
}

}  // namespace agw::api
