#include "config/provider_keys.hpp"

#include <array>

namespace agw {
namespace {

constexpr std::array kTop{FileKey{"version", true}, FileKey{"providers", true}, FileKey{"installations"}};

// What a working entry cannot lack is required, so that a file cut in the middle does not load.
constexpr std::array kProvider{
    FileKey{"plugin", true},         FileKey{"display_name"},   FileKey{"client_id", true},
    FileKey{"client_secret"},        FileKey{"webhook_secret"}, FileKey{"private_key"},
    FileKey{"scopes", true},         FileKey{"identity"},       FileKey{"redirect_uri"},
    FileKey{"allow_private"},        FileKey{"sha256"},         FileKey{"options"},
    FileKey{"allow_public_install"}, FileKey{"refresh"}};

constexpr std::array kRefresh{FileKey{"proactive"}, FileKey{"per_second"}};

constexpr std::array kInstallation{FileKey{"provider", true}, FileKey{"org", true},
                                   FileKey{"installation_id"}, FileKey{"static_token"},
                                   FileKey{"prefer_stored"}};

}  // namespace

std::span<const FileKey> topKeys() {
  return kTop;
}
std::span<const FileKey> providerKeys() {
  return kProvider;
}
std::span<const FileKey> refreshKeys() {
  return kRefresh;
}
std::span<const FileKey> installationKeys() {
  return kInstallation;
}

}  // namespace agw
