#include "app/certificate_watch.hpp"

namespace agw {

CertificateWatch::CertificateWatch(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                   api::Server& server, Log& log)
    : certificate_(certificate), key_(key), server_(server), log_(log) {}

void CertificateWatch::look(bool asked) {
  const bool changed = certificate_.changed();
  if (!key_.changed() && !changed && !asked) return;
  const auto reloaded = server_.reloadCertificate();
  if (!reloaded) {
    log_.write(LogLevel::Error, "certificate_refused",
               {{"reason", reloaded.error().message},
                {"detail", reloaded.error().detail},
                {"effect", "the certificate that was in use stays"}});
  } else if (*reloaded) {
    log_.write(LogLevel::Info, "certificate_reloaded", {});
  }
}

}  // namespace agw
