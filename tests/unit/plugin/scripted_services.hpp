#pragma once

#include <deque>
#include <string>
#include <vector>

#include <boost/json/serialize.hpp>

#include "plugin/plugin.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::test {

/// Answers from a list, requests kept. Used by one thread.
class ScriptedServices final : public HostServices {
 public:
  std::deque<Result<HttpResponse>> answers;
  std::vector<HttpRequest> requests;
  Result<boost::json::object> claims = Error{.kind = ErrorKind::Malformed, .message = "no claims scripted"};
  std::vector<IdTokenCheck> checks;
  TimePoint time = fromMillis(1'700'000'000'000);
  RecordedMetrics recorded;

  Result<HttpResponse> send(const HttpRequest& request) override {
    requests.push_back(request);
    if (answers.empty())
      return Error{.kind = ErrorKind::Transient, .message = "unreachable", .code = "not_sent"};
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  Result<boost::json::object> verifyIdToken(const Secret&, const IdTokenCheck& check) override {
    checks.push_back(check);
    return claims;
  }
  Result<Secret> signJwt(const Secret& privateKey, const boost::json::object& what) override {
    if (privateKey.reveal() != "a private key") {
      return Error{.kind = ErrorKind::BadOption, .message = "The private key is none."};
    }
    return Secret("signed" + boost::json::serialize(what));
  }
  std::string hmacSha256(std::string_view key, std::string_view message) override {
    return std::string(key) + "|" + std::string(message);
  }
  TimePoint now() override { return time; }
  Metrics& metrics() override { return recorded; }

  void answer(int status, std::string body, std::string type = "application/json", Headers more = {}) {
    HttpResponse response;
    response.status = status;
    response.body = Secret(std::move(body));
    response.headers = std::move(more);
    response.headers.emplace_back("Content-Type", std::move(type));
    answers.emplace_back(std::move(response));
  }
};

inline ProviderConfig gatewayConfig(boost::json::object options = {}) {
  ProviderConfig config;
  config.id = "corp";
  config.plugin = "oauth2";
  config.clientId = "gateway";
  config.clientSecret = Secret("hush-hush-hush");
  config.scopes = {"openid", "email"};
  config.redirectUri = "https://auth.example.com/auth/callback/corp";
  config.options = std::move(options);
  return config;
}

inline boost::json::object corpOptions() {
  return {{"authorization_url", "https://id.example.com/auth"},
          {"token_url", "https://id.example.com/token"},
          {"revocation_url", "https://id.example.com/revoke"},
          {"userinfo_url", "https://id.example.com/userinfo"}};
}

inline std::shared_ptr<Provider> oauth2(ScriptedServices& services,
                                        boost::json::object options = corpOptions()) {
  return makeProvider(*adoptPlugin(builtinOauth2()), gatewayConfig(std::move(options)), services);
}

inline RefreshRequest refreshRequest() {
  return {.refreshToken = Secret("refresh-token-1"),
          .accessToken = Secret("access-token-1"),
          .scopes = {},
          .carry = {}};
}

}  // namespace agw::test
