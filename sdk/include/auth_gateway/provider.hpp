#pragma once
/// Everything a provider plugin in C++17 needs: derive from `OAuthProvider`, then
/// `AUTH_GATEWAY_PROVIDER(Class, "id", "1.0.0", "Display Name", capabilities)`.
/// docs/writing-a-provider.md leads through it; sdk/examples/minimal is the smallest.

#include <cstdint>
#include <string_view>

#include "auth_gateway/abi.h"
#include "auth_gateway/call.hpp"
#include "auth_gateway/common_options.hpp"
#include "auth_gateway/dialect.hpp"
#include "auth_gateway/encoding.hpp"
#include "auth_gateway/oauth_provider.hpp"
#include "auth_gateway/text.hpp"

namespace auth_gateway::detail {

/// The one place where exceptions end: none may cross into the host, which may have another C++ run time.
/// What an exception says stays here, for it may quote a token.
template <class Operation>
std::int32_t guarded(Operation&& operation) noexcept {
  try {
    return static_cast<std::int32_t>(operation());
  } catch (...) {
    return AGW_BUG;
  }
}

template <class Provider>
std::int32_t enter(const agw_call* raw) {
  return guarded([raw] {
    static const Provider provider{};
    Call call(*raw);
    return provider.run(call);
  });
}

template <class Provider>
const agw_provider* descriptor(std::string_view id, std::string_view version, std::string_view displayName,
                               std::uint64_t capabilities,
                               std::string_view optionsSchema = commonOptionsSchema) {
  const auto text = [](std::string_view view) { return agw_text{view.data(), view.size()}; };
  static const agw_provider provider{
      sizeof(agw_provider), AGW_ABI_MAJOR,     AGW_ABI_MINOR,       capabilities,    text(id),
      text(version),        text(displayName), text(optionsSchema), &enter<Provider>};
  return &provider;
}

}  // namespace auth_gateway::detail

/// Exports `Class` as the plugin of this file. Arguments: id (the file's name without .so), version, name for
/// people, capability bits, and, unless `commonOptionsSchema` is enough, the JSON Schema of its options.
#define AUTH_GATEWAY_PROVIDER(Class, id, version, displayName, ...)                                      \
  extern "C" __attribute__((visibility("default"))) const agw_provider* auth_gateway_provider_v1(void) { \
    return ::auth_gateway::detail::descriptor<Class>(id, version, displayName, __VA_ARGS__);             \
  }
