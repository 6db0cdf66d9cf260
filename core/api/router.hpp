#pragma once

#include <string>
#include <vector>

#include "api/http.hpp"

namespace agw::api {

/// A line of the route table; the OpenAPI document is checked against it.
struct Route {
  std::string method;
  std::string pattern;  ///< `/auth/status/{session_id}`
  Handler handler;
  bool tellsFaults = false;  ///< the handler looks at `Request::queryFault` and `Request::late` itself
  bool quick = false;        ///< never waits for anything, so it answers late requests too
};

/// Finds the handler: 404 `not_found` for an unknown path, 405 with `Allow` for a known one, HEAD as GET.
/// Immutable after construction; safe to call from many threads.
class Router {
 public:
  explicit Router(std::vector<Route> routes);
  [[nodiscard]] Response route(const Request& request) const;
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

 private:
  [[nodiscard]] Response answer(std::size_t index, const Request& request) const;

  std::vector<Route> routes_;
};

}  // namespace agw::api
