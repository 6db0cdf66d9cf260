#include "api/endpoints/endpoint.hpp"
#include "api/pages/pages.hpp"

namespace agw::api {
namespace {

WebhookRequest inboundOf(const Gateway& gateway, const Request& request) {
  return {.method = request.method == "HEAD" ? "GET" : request.method,
          .query = {request.query.begin(), request.query.end()},
          .headers = request.headers,
          .body = request.body,
          .publicUrl = gateway.parts.settings.publicUrl + request.path};
}

Result<Response> take(Gateway& gateway, const Request& request) {
  auto answer = gateway.parts.webhooks.take(request.pathParameters.at("platform"),
                                            inboundOf(gateway, request), request.requestId);
  if (!answer) return std::move(answer).error();
  const bool silent = answer->body.empty();
  if (silent && answer->status == 200) return jsonResponse({{"status", toString(answer->outcome)}});
  Response response;
  response.status = answer->status;
  response.contentType = silent ? "text/plain; charset=utf-8" : answer->contentType;
  response.body = std::move(answer->body);
  return response;
}

/// A person: programs of providers do not ask for pages.
bool wantsPage(const Request& request) {
  return request.header("Accept").value_or("").find("text/html") != std::string_view::npos;
}

/// A provider tries the address, or a person looks at what an answer pointed to.
Result<Response> look(Gateway& gateway, const Request& request) {
  auto response = take(gateway, request);
  if (!wantsPage(request)) return response;
  const bool found = response.ok();
  auto page = htmlResponse(pages::notice(found ? response->body : response.error().message, found));
  if (!found) {
    page.error = errorCode(response.error());
    page.status = errorResponse(response.error(), request.requestId).status;
  }
  return page;
}

}  // namespace

void addWebhookRoutes(std::vector<Route>& routes, const SharedGateway& gateway) {
  routes.push_back({"POST", "/oauth/webhooks/{platform}", openEndpoint(gateway, take)});
  routes.push_back({"GET", "/oauth/webhooks/{platform}", openEndpoint(gateway, look)});
}

}  // namespace agw::api
