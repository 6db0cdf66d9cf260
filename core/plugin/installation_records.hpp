#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/installation.hpp"
#include "plugin/host_call.hpp"

// What a plugin emits besides tokens and identities, checked: all of it may be a stranger's text. `Malformed`
// when it is too long, not plain, or says nothing.
namespace agw {

/// In the order they came; an organisation that came twice (some list it once a product) is one, its
/// scopes joined.
[[nodiscard]] Result<std::vector<InstallationFacts>> installationsOf(const std::vector<Emitted>& records);

/// The events and the one reply. A reply is plain text or JSON, whatever the plugin says: it is never HTML.
[[nodiscard]] Result<WebhookReading> webhookReadingOf(const std::vector<Emitted>& records);

/// `Malformed` unless exactly one came, with a web address for the person.
[[nodiscard]] Result<DeviceGrant> deviceGrantOf(const std::vector<Emitted>& records);

/// A web address that a browser may be sent to: http(s), no fragment, no control character, at most 8192
/// octets.
[[nodiscard]] bool isWebAddress(const std::string& url);

}  // namespace agw
