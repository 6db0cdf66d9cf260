#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "net/http_client.hpp"
#include "support/raw_server.hpp"

namespace agw::test {

/// A client in development settings with deadlines that suit a test.
inline HttpClientSettings quickSettings() {
  HttpClientSettings settings;
  settings.connectTimeout = std::chrono::milliseconds(2'000);
  settings.deadline = std::chrono::milliseconds(5'000);
  settings.allowPlainHttp = true;
  settings.userAgent = "auth-gateway-test";
  return settings;
}

inline HttpRequest get(const std::string& url) {
  HttpRequest request;
  request.url = url;
  request.allowPrivate = true;
  return request;
}
inline HttpRequest get(const RawServer& server) {
  return get("http://127.0.0.1:" + std::to_string(server.port()) + "/path?query=1");
}
inline HttpRequest post(const RawServer& server, const std::string& body) {
  HttpRequest request = get(server);
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = Secret(body);
  return request;
}

/// An answer that came whole.
inline std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

inline void expectTransient(const Result<HttpResponse>& answer, const std::string& code) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::Transient) << answer.error().message;
  EXPECT_EQ(answer.error().code, code) << answer.error().message << " " << answer.error().detail;
}

inline void expectBadOption(const Result<HttpResponse>& answer) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::BadOption) << answer.error().message;
}

}  // namespace agw::test
