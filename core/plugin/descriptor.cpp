#include <algorithm>
#include <cstddef>
#include <string_view>

#include "base/encoding.hpp"
#include "plugin/option_schema.hpp"
#include "plugin/plugin.hpp"

namespace agw {
namespace {

/// Size of the first layout. Later ones are longer; what this host does not know in them, it does not read.
constexpr std::size_t firstLayout = offsetof(agw_provider, call) + sizeof(agw_provider::call);

Error refused(std::string why) {
  return Error{.kind = ErrorKind::BadOption, .message = std::move(why)};
}

bool hasControls(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char octet) { return octet < 0x20 || octet == 0x7f; });
}

Result<std::string> copied(const agw_text& borrowed, std::size_t limit, const char* what, bool oneLine) {
  const std::string name(what);
  if (borrowed.size > limit)
    return refused("has a " + name + " of more than " + std::to_string(limit) + " octets.");
  if (borrowed.size == 0 || borrowed.data == nullptr) return refused("has no " + name + ".");
  std::string text(borrowed.data, borrowed.size);
  if (!isUtf8(text) || (oneLine && hasControls(text)))
    return refused("has a " + name + " that is not plain text.");
  return text;
}

bool isId(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9') ||
           character == '_' || character == '-';
  });
}

Result<void> checkLayout(const agw_provider* descriptor) {
  if (descriptor == nullptr) return refused("returns no descriptor.");
  if (descriptor->struct_size < offsetof(agw_provider, capabilities)) {
    return refused("has a descriptor of " + std::to_string(descriptor->struct_size) +
                   " octets: too small to be one.");
  }
  if (descriptor->abi_major != AGW_ABI_MAJOR) {
    return refused("speaks version " + std::to_string(descriptor->abi_major) +
                   " of the plugin contract, this gateway version " + std::to_string(AGW_ABI_MAJOR) +
                   ". Build it with this gateway's SDK.");
  }
  if (descriptor->struct_size < firstLayout) {
    return refused("has a descriptor of " + std::to_string(descriptor->struct_size) +
                   " octets; the contract asks for " + std::to_string(firstLayout) + ".");
  }
  if (descriptor->call == nullptr) return refused("has no function to call.");
  return {};
}

}  // namespace

Capabilities capabilitiesOf(std::uint64_t bits) {
  const auto has = [bits](std::uint64_t bit) { return (bits & bit) != 0; };
  Capabilities can;
  can.pkce = has(AGW_NEEDS_PKCE) ? Capabilities::Pkce::Required
             : has(AGW_CAN_PKCE) ? Capabilities::Pkce::Optional
                                 : Capabilities::Pkce::None;
  can.refresh = has(AGW_CAN_REFRESH);
  can.revoke = has(AGW_CAN_REVOKE);
  can.revokesAccount = has(AGW_REVOKES_ACCOUNT);
  can.identity = has(AGW_CAN_IDENTIFY);
  can.verifiedEmail = has(AGW_CAN_IDENTIFY) && has(AGW_VERIFIES_EMAIL);
  can.installations = has(AGW_CAN_INSTALL);
  can.device = has(AGW_CAN_DEVICE);
  can.webhooks = has(AGW_CAN_WEBHOOK);
  can.mints = has(AGW_CAN_MINT);
  return can;
}

Result<Plugin> adoptPlugin(const agw_provider* descriptor) {
  if (auto layout = checkLayout(descriptor); !layout) return layout.error();
  auto id = copied(descriptor->id, 64, "id", true);
  if (!id) return id.error();
  if (!isId(*id)) return refused("has an id with other characters than a-z, 0-9, _ and -.");
  auto version = copied(descriptor->version, 64, "version", true);
  if (!version) return version.error();
  auto displayName = copied(descriptor->display_name, 128, "display name", true);
  if (!displayName) return displayName.error();
  auto schema = copied(descriptor->options_schema, 256 << 10, "options schema", false);
  if (!schema) return schema.error();
  if (auto usable = checkSchema(*schema); !usable) return usable.error();
  return Plugin{.id = std::move(*id),
                .version = std::move(*version),
                .displayName = std::move(*displayName),
                .optionsSchema = std::move(*schema),
                .capabilities = capabilitiesOf(descriptor->capabilities),
                .descriptor = descriptor};
}

}  // namespace agw
