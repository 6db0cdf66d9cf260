#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/memory_resource.hpp>
#include <boost/json/value.hpp>

#include "base/http_message.hpp"

namespace agw {

/// Memory whose octets are overwritten before it goes back: parsed answers hold tokens.
class WipingMemory final : public boost::json::memory_resource {
 private:
  void* do_allocate(std::size_t size, std::size_t alignment) override;
  void do_deallocate(void* memory, std::size_t size, std::size_t alignment) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }
};

/// A provider's answer as plugins read it. What it returns stays valid as long as it lives. Of one thread.
class Answer {
 public:
  explicit Answer(HttpResponse response) : response_(std::move(response)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer();

  [[nodiscard]] std::string_view status();
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const {
    return response_.header(name);
  }
  /// The value at a JSON pointer; nothing when the body is not JSON, deeper than 32, or has none there.
  [[nodiscard]] const boost::json::value* json(std::string_view pointer);
  /// A field of a form-encoded body, as RFC 6749 never asked for but some send; the first of that name.
  [[nodiscard]] std::optional<std::string_view> form(std::string_view name);
  [[nodiscard]] const HttpResponse& response() const { return response_; }

 private:
  void parseForm();

  HttpResponse response_;
  std::string status_;
  WipingMemory memory_;
  bool jsonTried_ = false;
  bool formTried_ = false;
  std::optional<boost::json::value> json_;
  std::map<std::string, Secret, std::less<>> form_;
};

/// `value` at a JSON pointer (RFC 6901), or nothing: also for null and for what is no pointer.
[[nodiscard]] const boost::json::value* atPointer(const boost::json::value& value, std::string_view pointer);

}  // namespace agw
