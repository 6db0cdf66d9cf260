#pragma once

#include <filesystem>

#include "api/server.hpp"
#include "app/file_watch.hpp"
#include "base/log.hpp"

namespace agw {

/// Hands a renewed TLS certificate to the running server, and tells in the log what became of it. Not for
/// several threads.
///
/// Whoever renews replaces two files, one after the other. A look that finds only the first new is refused by
/// the server, which keeps its pair; the change of the second file leads to the next try.
class CertificateWatch {
 public:
  /// References must outlive it. Empty names, for a server without TLS, never change.
  CertificateWatch(const std::filesystem::path& certificate, const std::filesystem::path& key,
                   api::Server& server, Log& log);

  /// Reloads the pair when a file has changed and is at rest, or in any case when `asked`.
  void look(bool asked);

 private:
  FileWatch certificate_;
  FileWatch key_;
  api::Server& server_;
  Log& log_;
};

}  // namespace agw
