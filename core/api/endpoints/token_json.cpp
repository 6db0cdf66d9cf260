#include "api/endpoints/token_json.hpp"

#include <boost/json/array.hpp>

namespace agw::api {

boost::json::value timeJson(const std::optional<TimePoint>& time) {
  if (!time) return nullptr;
  return boost::json::value(toRfc3339(*time));
}

boost::json::array textsJson(const std::vector<std::string>& texts) {
  boost::json::array array;
  array.reserve(texts.size());
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

boost::json::object tokenJson(const TokenAnswer& answer) {
  boost::json::object body{{"access_token", answer.accessToken.reveal()},
                           {"token_type", answer.tokenType},
                           {"expires_at", timeJson(answer.expiresAt)},
                           {"scopes", textsJson(answer.scopes)},
                           {"refresh_after", timeJson(answer.refreshAfter)}};
  if (answer.degraded) body["degraded"] = true;
  return body;
}

boost::json::object standardTokenJson(const TokenAnswer& answer, TimePoint now) {
  boost::json::object body{{"access_token", answer.accessToken.reveal()},
                           {"token_type", answer.tokenType},
                           {"issued_token_type", "urn:ietf:params:oauth:token-type:access_token"}};
  if (answer.expiresAt) {
    body["expires_in"] = std::chrono::duration_cast<std::chrono::seconds>(*answer.expiresAt - now).count();
  }
  std::string scope;
  for (const auto& each : answer.scopes) scope += (scope.empty() ? "" : " ") + each;
  if (!scope.empty()) body["scope"] = scope;
  return body;
}

}  // namespace agw::api
