#include "broker/install_words.hpp"

#include "broker/errors.hpp"

namespace agw {

Error otherBrowser() {
  return {.kind = ErrorKind::Forbidden,
          .message =
              "This install began in another browser. Nothing was connected. Start again, and stay in "
              "one browser.",
          .code = word::kMismatch};
}

Error otherOrganisation() {
  return {.kind = ErrorKind::Forbidden,
          .message =
              "You consented for another organisation than the one that was asked for. Nothing was "
              "connected. Start again and choose the right one.",
          .code = word::kMismatch};
}

Error noOrganisation(const std::string& displayName) {
  return {.kind = ErrorKind::Denied,
          .message = "Your account at " + displayName +
                     " reaches no organisation that was let in, so nothing was connected.",
          .code = "access_denied"};
}

}  // namespace agw
