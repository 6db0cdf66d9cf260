#include "api/edge/request_parser.hpp"

#include <algorithm>

#include "api/text.hpp"

namespace agw::api {
namespace {

namespace http = boost::beast::http;

constexpr std::array<std::string_view, 8> kOnce{"Host",         "X-API-Key",        "Authorization",
                                                "Content-Type", "Content-Length",   "Transfer-Encoding",
                                                "Expect",       "X-Forwarded-Proto"};

bool mayStandOnce(std::string_view name) {
  return std::any_of(kOnce.begin(), kOnce.end(),
                     [&](std::string_view known) { return equalsIgnoringCase(known, name); });
}

std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

RequestReader::Parser::Parser(const ReaderLimits& limits)
    : usualBody_(limits.maxBody), maxBody_(limits.maxBody), largeBodies_(limits.largeBodies) {
  header_limit(static_cast<std::uint32_t>(limits.maxHead));
  body_limit(limits.maxBody);
  eager(false);
}

void RequestReader::Parser::refuse(Fault reason, Code& code) {
  fault = std::move(reason);
  code = http::error::bad_field;
}

void RequestReader::Parser::on_request_impl(http::verb, Text method, Text requestTarget, int httpVersion,
                                            Code&) {
  request.method = view(method);
  target = view(requestTarget);
  version = httpVersion;
  if (largeBodies_ == nullptr) return;
  maxBody_ = std::max(usualBody_, largeBodies_->limitFor(target));
  body_limit(maxBody_);
}

void RequestReader::Parser::on_field_impl(http::field, Text name, Text value, Code& code) {
  if (headDone_) {
    return refuse({.status = 400, .message = "Trailers after a chunked body are not taken here."}, code);
  }
  if (auto wrong = checkField(view(name), view(value))) return refuse(std::move(wrong), code);
  if (mayStandOnce(view(name)) && has(view(name))) {
    return refuse({.status = 400,
                   .message = "The header " + std::string(view(name)) + " stands there twice; send it once.",
                   .field = std::string(view(name))},
                  code);
  }
  request.headers.emplace_back(view(name), view(value));
}

void RequestReader::Parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) {
  // The length is only a claim: room for a large body is made as it arrives.
  if (length) request.body.reserve(std::min<std::size_t>(*length, 4096));
}

std::size_t RequestReader::Parser::on_body_impl(Text octets, Code& code) {
  if (request.body.size() + octets.size() > maxBody_) {
    code = http::error::body_limit;
    return 0;
  }
  if (request.body.size() + octets.size() > usualBody_ && !place_) {
    place_ = largeBodies_->enter();
    if (!place_) {
      refuse({.status = 503, .message = "Other long bodies are being read. Send it again shortly."}, code);
      return 0;
    }
  }
  request.body.append(octets.data(), octets.size());
  return octets.size();
}

void RequestReader::Parser::on_chunk_header_impl(std::uint64_t, Text extensions, Code& code) {
  if (!extensions.empty()) {
    refuse({.status = 400, .message = "Chunk extensions are not taken here."}, code);
  }
}

std::size_t RequestReader::Parser::on_chunk_body_impl(std::uint64_t, Text octets, Code& code) {
  return on_body_impl(octets, code);
}

}  // namespace agw::api
