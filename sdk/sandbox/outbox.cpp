#include "outbox.hpp"

#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>

#include "json.hpp"

namespace sandbox {
namespace {

constexpr std::size_t kRemembered = 100;

struct Answer {
  int status = 0;
  std::string body;
  std::string fault;
};

Answer ask(const std::string& url, const Delivery& delivery) {
  try {
    const Poco::URI address(url);
    Poco::Net::HTTPClientSession session(address.getHost(), address.getPort());
    session.setTimeout(Poco::Timespan(10, 0));
    Poco::Net::HTTPRequest request(delivery.method, address.getPathAndQuery(),
                                   Poco::Net::HTTPMessage::HTTP_1_1);
    if (delivery.method == Poco::Net::HTTPRequest::HTTP_POST) {
      request.setContentType(delivery.contentType);
      request.setContentLength(static_cast<std::streamsize>(delivery.body.size()));
    }
    for (const auto& [name, value] : delivery.headers) request.set(name, value);
    session.sendRequest(request) << delivery.body;
    Poco::Net::HTTPResponse response;
    Answer answer;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), answer.body);
    answer.status = response.getStatus();
    return answer;
  } catch (const Poco::Exception& error) {
    return {.status = 0, .body = {}, .fault = error.displayText()};
  }
}

}  // namespace

Poco::JSON::Object Outbox::send(const std::string& url, const Delivery& delivery) {
  const std::string target = delivery.query.empty() ? url : url + "?" + delivery.query;
  const Answer answer =
      url.empty() ? Answer{.status = 0, .body = {}, .fault = "no webhook_url"} : ask(target, delivery);
  Poco::JSON::Object headers;
  for (const auto& [name, value] : delivery.headers) headers.set(name, value);
  headers.set("Content-Type", delivery.contentType);
  auto line = object({{"event", delivery.event},
                      {"method", delivery.method},
                      {"url", target},
                      {"headers", headers},
                      {"body", delivery.body},
                      {"status", answer.status},
                      {"answer", answer.body},
                      {"fault", orNull(answer.fault)}});
  const std::lock_guard lock(mutex_);
  sent_.push_back(line);
  if (sent_.size() > kRemembered) sent_.pop_front();
  return line;
}

Poco::JSON::Object Outbox::toJson() const {
  const std::lock_guard lock(mutex_);
  Poco::JSON::Array lines;
  for (const auto& line : sent_) lines.add(line);
  return object({{"deliveries", lines}});
}

}  // namespace sandbox
