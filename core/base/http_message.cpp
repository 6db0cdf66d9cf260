#include "base/http_message.hpp"

#include "base/encoding.hpp"

namespace agw {

std::optional<std::string_view> HttpResponse::header(std::string_view name) const {
  const std::string wanted = toLower(name);
  for (const auto& [field, value] : headers) {
    if (toLower(field) == wanted) return value;
  }
  return std::nullopt;
}

}  // namespace agw
