#pragma once

#include <span>
#include <string_view>

namespace agw {

/// A key that providers.yaml may have. The schema for editors and `docs/configuration.md` have the same ones;
/// tests hold the three together.
struct FileKey {
  std::string_view name;
  bool required = false;
};

[[nodiscard]] std::span<const FileKey> topKeys();
[[nodiscard]] std::span<const FileKey> providerKeys();
[[nodiscard]] std::span<const FileKey> refreshKeys();
[[nodiscard]] std::span<const FileKey> installationKeys();

}  // namespace agw
