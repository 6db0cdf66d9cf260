#include "http.hpp"

#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/String.h>
#include <Poco/URI.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "json.hpp"
#include "pages.hpp"

namespace sandbox {
namespace {

constexpr std::size_t kLargestBody = 64U << 10;

std::string render(const Reply& reply, const std::string& body) {
  Poco::Net::HTTPResponse head(Poco::Net::HTTPMessage::HTTP_1_1,
                               static_cast<Poco::Net::HTTPResponse::HTTPStatus>(reply.status));
  head.set("Content-Type", reply.contentType);
  head.set("Content-Length", std::to_string(reply.body.size()));
  head.set("Cache-Control", "no-store");
  head.set("Connection", "close");
  head.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : reply.headers) head.set(name, value);
  std::ostringstream text;
  head.write(text);
  return text.str() + body;
}

void sendAll(Poco::Net::StreamSocket& socket, const std::string& octets) {
  std::size_t sent = 0;
  while (sent < octets.size()) {
    const int step = socket.sendBytes(octets.data() + sent, static_cast<int>(octets.size() - sent));
    if (step <= 0) return;
    sent += static_cast<std::size_t>(step);
  }
}

void drip(Poco::Net::StreamSocket& socket, const std::string& octets, int pauseMs) {
  for (const char octet : octets) {
    sendAll(socket, std::string(1, octet));
    std::this_thread::sleep_for(std::chrono::milliseconds(pauseMs));
  }
}

}  // namespace

Parameters::Parameters(const std::string& encoded) {
  try {
    Poco::URI uri;
    uri.setRawQuery(encoded);
    for (auto& [name, value] : uri.getQueryParameters())
      items_.emplace_back(std::move(name), std::move(value));
  } catch (const Poco::Exception&) {
    throw BadRequest("The parameters are not form-encoded.");
  }
}

std::string Parameters::get(const std::string& name) const {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
  return found == items_.end() ? std::string() : found->second;
}

bool Parameters::has(const std::string& name) const {
  return std::any_of(items_.begin(), items_.end(), [&](const auto& item) { return item.first == name; });
}

std::optional<std::string> Parameters::repeated() const {
  for (auto item = items_.begin(); item != items_.end(); ++item) {
    if (std::any_of(item + 1, items_.end(), [&](const auto& other) { return other.first == item->first; })) {
      return item->first;
    }
  }
  return std::nullopt;
}

std::vector<std::string> Parameters::all(const std::string& name) const {
  std::vector<std::string> values;
  for (const auto& item : items_) {
    if (item.first == name) values.push_back(item.second);
  }
  return values;
}

std::string Request::header(const std::string& name) const {
  for (const auto& [key, value] : headers) {
    if (Poco::icompare(key, name) == 0) return value;
  }
  return {};
}

Poco::JSON::Object::Ptr bodyJson(const Request& request) {
  try {
    Poco::JSON::Parser parser;
    const auto parsed = parser.parse(request.body);
    if (parsed.type() == typeid(Poco::JSON::Object::Ptr)) return parsed.extract<Poco::JSON::Object::Ptr>();
  } catch (const Poco::Exception&) {
    // Not JSON.
  }
  return new Poco::JSON::Object;
}

Parameters bodyParameters(const Request& request) {
  if (request.contentType.rfind("application/json", 0) != 0) return Parameters(request.body);
  Parameters parameters;
  const auto json = bodyJson(request);
  for (const auto& [name, value] : *json) {
    if (value.isString() || value.isNumeric()) parameters.add(name, value.toString());
  }
  return parameters;
}

std::string bearerToken(const Request& request) {
  for (const std::string scheme : {"bearer ", "token "}) {
    if (Poco::icompare(request.authorization.substr(0, scheme.size()), scheme) == 0) {
      return request.authorization.substr(scheme.size());
    }
  }
  return {};
}

Request readRequest(Poco::Net::HTTPServerRequest& request, const std::string& base) {
  Request result;
  result.method = request.getMethod();
  result.base = base;
  result.authorization = request.get("Authorization", "");
  result.contentType = request.getContentType();
  result.host = request.getHost();
  result.headers.assign(request.begin(), request.end());
  result.fromLoopback = request.clientAddress().host().isLoopback();
  const std::string& target = request.getURI();
  const auto mark = std::min(target.find('?'), target.size());
  result.path = target.substr(0, mark);
  if (mark < target.size()) result.rawQuery = target.substr(mark + 1);

  std::string body(kLargestBody + 1, '\0');
  request.stream().read(body.data(), static_cast<std::streamsize>(body.size()));
  body.resize(static_cast<std::size_t>(request.stream().gcount()));
  if (body.size() > kLargestBody) throw BadRequest("The body is larger than 64 KiB.");
  result.body = std::move(body);
  return result;
}

std::string toText(const Poco::JSON::Object& json) {
  std::ostringstream text;
  json.stringify(text);
  return text.str();
}

std::string toText(const Poco::JSON::Array& json) {
  std::ostringstream text;
  json.stringify(text);
  return text.str();
}

Reply jsonReply(const Poco::JSON::Object& json, int status) {
  return {.status = status, .body = toText(json), .headers = {}};
}

Reply jsonReply(const Poco::JSON::Array& json, int status) {
  return {.status = status, .body = toText(json), .headers = {}};
}

Reply textReply(const std::string& text, const std::string& contentType, int status) {
  return {.status = status, .contentType = contentType, .body = text, .headers = {}};
}

Reply errorReply(int status, const std::string& code, const std::string& description) {
  return jsonReply(object({{"error", code}, {"error_description", description}}), status);
}

Reply redirectReply(const std::string& location) {
  Reply reply;
  reply.status = 303;
  reply.contentType = "text/plain";
  reply.headers.emplace_back("Location", location);
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  return reply;
}

Reply pageReply(const std::string& html, int status) {
  Reply reply;
  reply.status = status;
  reply.contentType = "text/html; charset=utf-8";
  reply.body = html;
  reply.headers.emplace_back("Content-Security-Policy", contentSecurityPolicy());
  reply.headers.emplace_back("Referrer-Policy", "no-referrer");
  return reply;
}

void send(Poco::Net::HTTPServerRequest& request, const Reply& reply, const std::optional<Fault>& fault) {
  auto& socket = dynamic_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket();
  try {
    if (fault && fault->reset) {
      socket.setLinger(true, 0);
      socket.close();
      return;
    }
    const std::size_t cut =
        fault && fault->cutAt ? static_cast<std::size_t>(*fault->cutAt) : reply.body.size();
    const std::string body = request.getMethod() == "HEAD" ? std::string() : reply.body.substr(0, cut);
    const std::string octets = fault && fault->raw ? *fault->raw : render(reply, body);
    if (fault && fault->dripMs > 0) {
      drip(socket, octets, fault->dripMs);
    } else {
      sendAll(socket, octets);
    }
  } catch (const Poco::Exception&) {
    // The client has gone; its business.
  }
}

}  // namespace sandbox
