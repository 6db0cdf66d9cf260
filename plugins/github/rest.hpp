#pragma once
// GitHub's REST API: where it is, how a person and how the app ask it, and what its answers mean.
#include <auth_gateway/provider.hpp>
#include <charconv>
#include <string>
#include <string_view>

namespace github {

using auth_gateway::Call;
using auth_gateway::Parameters;
using auth_gateway::Status;
using auth_gateway::Text;

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

inline bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

inline std::string baseUrl(const Call& call) {
  std::string base(call.option("/base_url").value_or("https://github.com"));
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base;
}

inline bool isCloud(std::string_view base) {
  return base == "https://github.com" || endsWith(base, ".ghe.com");
}

inline std::string apiUrl(const Call& call, std::string_view path) {
  const auto base = baseUrl(call);
  const auto told = call.option("/api_url");
  std::string api = base + "/api/v3";  // an Enterprise Server
  if (told) {
    api = *told;
  } else if (isCloud(base)) {
    api = "https://api." + base.substr(std::string_view("https://").size());
  }
  return api + std::string(path);
}

/// A 403 may be a rate limit.
inline bool isRateLimited(const Call& call) {
  const int http = call.httpStatus();
  return http == 429 ||
         (http == 403 && (call.header("retry-after") || call.header("x-ratelimit-remaining") == "0"));
}

inline Status rateLimited(Call& call) {
  if (call.header("retry-after")) return Status::RateLimited;  // the host reads it
  const auto now = call.answerTime().value_or(call.now());
  std::int64_t reset = 0;
  if (const auto told = call.header("x-ratelimit-reset");
      told && call.header("x-ratelimit-remaining") == "0") {
    std::from_chars(told->data(), told->data() + told->size(), reset);
  }
  constexpr std::int64_t atLeast = 60;
  call.put(AGW_ERROR, "retry_after", std::to_string(reset > now ? reset - now : atLeast));
  return Status::RateLimited;
}

inline void address(Call& call, std::string_view method, std::string_view url) {
  call.method(method);
  call.url(url);
  call.requestHeader("Accept", "application/vnd.github+json");
  call.requestHeader("X-GitHub-Api-Version", "2022-11-28");
  call.requestHeader("User-Agent", "auth-gateway");  // requests without one are refused
}

inline Status getAs(Call& call, std::string_view token, std::string_view url) {
  address(call, "GET", url);
  call.bearer(token);
  return call.send();
}

inline bool blamesClock(const Call& call) {
  const auto message = call.json("/message").value_or("");
  return call.httpStatus() == 401 && (contains(message, "'Expiration time' claim ('exp')") ||
                                      contains(message, "'Issued at' claim ('iat')"));
}

/// Sends a request as the app itself. GitHub's clock counts: when it says that the statement's times are
/// wrong, its own time is taken, once.
inline Status sendAsApp(Call& call, std::string_view method, const std::string& url,
                        const std::string& body) {
  const auto issuer = call.option("/app_id").value_or(call.clientId());
  std::int64_t now = call.now();
  for (bool corrected = false;; corrected = true) {
    const auto claims = "{\"iat\":" + std::to_string(now - 60) + ",\"exp\":" + std::to_string(now + 540) +
                        ",\"iss\":" + auth_gateway::jsonString(issuer) + "}";
    const auto jwt = call.signedJwt(claims);
    if (!jwt) return call.fail(Status::BadOption, "Set private_key to the app's PEM file.");
    address(call, method, url);
    call.bearer(*jwt);
    if (!body.empty()) call.body("application/json", body);
    if (const auto sent = call.send(); sent != Status::Ok) return sent;
    if (corrected || !call.answerTime() || !blamesClock(call)) return Status::Ok;
    now = *call.answerTime();
  }
}

/// What an answer to the app that is no success means. One without GitHub's `message` is somebody else's.
inline Status judgeAsApp(Call& call) {
  if (isRateLimited(call)) return rateLimited(call);
  const auto message = call.plain("/message");
  if (!message) return call.httpStatus() < 300 ? Status::Malformed : Status::Transient;
  switch (call.httpStatus()) {
    case 401:
      return call.fail(Status::BadClient,
                       "GitHub does not accept the app's signature: check private_key and app_id.");
    case 403:
      if (!contains(*message, "suspended")) return Status::Transient;
      return call.fail(Status::Denied, "The installation is suspended; the organisation can end that.");
    case 404:
      if (contains(*message, "Integration not found")) {
        return call.fail(Status::BadClient,
                         "GitHub does not know the app there: check app_id, client_id and api_url.");
      }
      return call.fail(Status::GrantDead, "The app is not installed there any more.");
    case 422:
      return call.fail(Status::BadOption,
                       "The installation does not have these repositories or permissions.");
    default:
      return Status::Transient;
  }
}

}  // namespace github
