#include "plugin/answer.hpp"

#include <openssl/crypto.h>

#include <boost/json.hpp>
#include <new>

#include "base/encoding.hpp"

namespace agw {

namespace json = boost::json;

// Boost.JSON asks for no more than the default alignment, and frees with another one than it asked for.
void* WipingMemory::do_allocate(std::size_t size, std::size_t) {
  return ::operator new(size);
}

void WipingMemory::do_deallocate(void* memory, std::size_t size, std::size_t) {
  OPENSSL_cleanse(memory, size);
  ::operator delete(memory);
}

const json::value* atPointer(const json::value& value, std::string_view pointer) {
  boost::system::error_code failed;
  const auto* found = value.find_pointer(pointer, failed);
  return found == nullptr || found->is_null() ? nullptr : found;
}

Answer::~Answer() {
  json_.reset();
}

std::string_view Answer::status() {
  status_ = std::to_string(response_.status);
  return status_;
}

const json::value* Answer::json(std::string_view pointer) {
  if (!jsonTried_) {
    jsonTried_ = true;
    json::parse_options options;
    options.max_depth = 32;
    boost::system::error_code failed;
    json::value parsed = json::parse(response_.body.reveal(), failed, &memory_, options);
    if (!failed) json_.emplace(std::move(parsed), json::storage_ptr(&memory_));
  }
  return json_ ? atPointer(*json_, pointer) : nullptr;
}

std::optional<std::string_view> Answer::form(std::string_view name) {
  if (!formTried_) parseForm();
  const auto found = form_.find(name);
  return found == form_.end() ? std::nullopt : std::optional(found->second.reveal());
}

void Answer::parseForm() {
  formTried_ = true;
  const auto type = toLower(header("Content-Type").value_or(""));
  const bool declared = type.find("application/x-www-form-urlencoded") == 0 || type.find("text/plain") == 0;
  if (!declared || json("") != nullptr) return;
  std::string_view rest = response_.body.reveal();
  for (int fields = 0; !rest.empty() && fields < 100; ++fields) {
    const auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    auto name = percentDecode(pair.substr(0, equals), true);
    auto value = percentDecode(pair.substr(equals + 1), true);
    if (name && value && isUtf8(*name) && isUtf8(*value))
      form_.emplace(std::move(*name), Secret(std::move(*value)));
  }
}

}  // namespace agw
