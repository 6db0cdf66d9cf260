#include "api/router.hpp"

#include <algorithm>
#include <utility>

namespace agw::api {
namespace {

std::string_view takeSegment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

bool isParameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

/// Fits `path` to `pattern`; a parameter takes one whole segment that is not empty.
bool matches(std::string_view pattern, std::string_view path,
             std::map<std::string, std::string>& parameters) {
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = takeSegment(pattern);
    const auto found = takeSegment(path);
    if (isParameter(wanted) && !found.empty()) {
      parameters.emplace(wanted.substr(1, wanted.size() - 2), found);
    } else if (wanted != found) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

Response withoutSuchMethod(const Request& request, std::vector<std::string> allowed) {
  if (std::find(allowed.begin(), allowed.end(), "GET") != allowed.end()) allowed.emplace_back("HEAD");
  std::string list;
  for (const auto& method : allowed) list += (list.empty() ? "" : ", ") + method;
  auto response = errorResponse(
      Error{.kind = ErrorKind::InvalidRequest,
            .message = "This address does not take " + request.method + "; it takes " + list + ".",
            .facts = {{"allowed", allowed}}},
      request.requestId);
  response.status = 405;
  response.headers.emplace_back("Allow", list);
  return response;
}

/// Why the route's handler shall not see the request.
std::optional<Error> faultOf(const Request& request, const Route& route) {
  if (route.tellsFaults) return std::nullopt;
  if (request.late && !route.quick) return overloaded();
  return request.queryFault;
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

Response Router::answer(std::size_t index, const Request& request) const {
  const Route& route = routes_[index];
  const auto fault = faultOf(request, route);
  auto response = fault ? errorResponse(*fault, request.requestId) : route.handler(request);
  response.route = static_cast<int>(index);
  return response;
}

Response Router::route(const Request& request) const {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::vector<std::string> allowed;
  for (std::size_t index = 0; index < routes_.size(); ++index) {
    const auto& route = routes_[index];
    if (route.pattern.find('{') == std::string::npos) {
      if (route.pattern != request.path) continue;
      if (route.method == method) return answer(index, request);
    } else {
      std::map<std::string, std::string> parameters;
      if (!matches(route.pattern, request.path, parameters)) continue;
      if (route.method == method) {
        Request addressed = request;
        addressed.pathParameters = std::move(parameters);
        return answer(index, addressed);
      }
    }
    allowed.push_back(route.method);
  }
  if (!allowed.empty()) return withoutSuchMethod(request, std::move(allowed));
  return errorResponse(Error{.kind = ErrorKind::NotFound, .message = "There is nothing at this address."},
                       request.requestId);
}

}  // namespace agw::api
