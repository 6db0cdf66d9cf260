#include "api/endpoints/browser.hpp"

#include <algorithm>

#include "api/edge/target.hpp"
#include "api/text.hpp"

namespace agw::api {
namespace {

/// With the prefix a browser takes it from this origin alone, over TLS.
const char* cookieName(const Request& request) {
  return request.secure ? "__Host-agw-browser" : "agw-browser";
}

constexpr std::size_t kTokenLength = 43;

int pageStatus(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Transient:
      return 503;
    case ErrorKind::RateLimited:
      return 429;
    case ErrorKind::Malformed:
    case ErrorKind::BadOption:
    case ErrorKind::BadClient:
      return 502;
    case ErrorKind::Integrity:
    case ErrorKind::Bug:
      return 500;
    default:
      return 400;
  }
}

}  // namespace

Handler personEndpoint(SharedGateway gateway, PersonEndpoint endpoint, TellPerson tell) {
  return [gateway = std::move(gateway), endpoint, tell](const Request& request) {
    if (request.late) return tell(*gateway, request, overloaded());
    if (const auto within = gateway->limits.stranger(request.peer); !within)
      return tell(*gateway, request, within.error());
    if (const auto preview = refusePreview(request)) return tell(*gateway, request, *preview);
    if (request.queryFault) return tell(*gateway, request, *request.queryFault);
    return endpoint(*gateway, request);
  };
}

Result<std::map<std::string, std::string>> redirectParameters(const Request& request) {
  if (request.method != "POST") return request.query;
  const auto type = request.header("Content-Type").value_or("");
  const auto media = trimmed(type.substr(0, type.find(';')));
  if (!equalsIgnoringCase(media, "application/x-www-form-urlencoded") || !request.query.empty()) {
    return Error{.kind = ErrorKind::InvalidRequest,
                 .message = "The provider's answer must come as a form, with nothing in the query.",
                 .facts = {{"media_type", {"application/x-www-form-urlencoded"}}}};
  }
  return parseParameters(request.body);
}

std::optional<Error> refusePreview(const Request& request) {
  if (request.method != "HEAD") return std::nullopt;
  return Error{.kind = ErrorKind::InvalidRequest, .message = "Open this address with GET."};
}

Response errorPage(std::string html, const Error& error) {
  auto page = htmlResponse(std::move(html), pageStatus(error));
  page.error = errorCode(error);
  if (page.status == 429 || page.status == 503) {
    const auto seconds = std::max<std::int64_t>(error.retryAfter.count(), 1);
    page.headers.emplace_back("Retry-After", std::to_string(seconds));
  }
  return page;
}

Response redirectTo(const std::string& url, int status) {
  Response redirect;
  redirect.status = status;
  redirect.contentType = "text/plain; charset=utf-8";
  redirect.headers.emplace_back("Location", url);
  return redirect;
}

std::string browserOf(const Request& request) {
  const std::string name = cookieName(request);
  std::string_view rest = request.header("Cookie").value_or("");
  while (!rest.empty()) {
    const auto pair = trimmed(rest.substr(0, rest.find(';')));
    rest.remove_prefix(std::min(rest.find(';'), rest.size() - 1) + 1);
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    const auto value = pair.substr(equals + 1);
    if (value.size() == kTokenLength) return std::string(value);
  }
  return {};
}

void rememberBrowser(Response& response, const Request& request, const std::string& browser) {
  // A provider that posts its answer comes from another site, and only None sends the cookie along then.
  const char* where = request.secure ? "; Secure; SameSite=None" : "; SameSite=Lax";
  response.headers.emplace_back("Set-Cookie", std::string(cookieName(request)) + "=" + browser +
                                                  "; Path=/; Max-Age=3600; HttpOnly" + where);
}

}  // namespace agw::api
