#include "broker/import_words.hpp"

#include "broker/errors.hpp"

namespace agw {
namespace {

Error aboutProvider(std::string message) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = std::move(message),
          .code = "invalid_request",
          .facts = {{"field", {"provider"}}}};
}

}  // namespace

Error nothingToImport(const std::string& displayName) {
  return aboutProvider(displayName + " has no refresh tokens that could be imported. The user must sign in.");
}

Error importWantsThePerson(const std::string& displayName) {
  return aboutProvider(displayName +
                       " does not tell whose a token is in a way that can be checked without the person "
                       "(identity: confirm), so nothing can be imported. The user must sign in.");
}

Error livingGrantIsThere() {
  return {
      .kind = ErrorKind::Conflict,
      .message =
          "This user is connected already, and that grant stays. Nothing was imported. Revoke it first if "
          "the imported one is to take its place.",
      .code = "conflict"};
}

Error offerOfAnotherAccount(bool replaced) {
  std::string message =
      "The refresh token belongs to another account than 'user_email' names. Nothing was imported.";
  if (replaced) {
    message +=
        " The provider replaced the token when it was tried, and the new one was withdrawn: the account that "
        "it belongs to must sign in again.";
  }
  return {.kind = ErrorKind::Conflict,
          .message = std::move(message),
          .code = "conflict",
          .facts = {{"reason", {word::kMismatch}}}};
}

Error importNotStored() {
  return {.kind = ErrorKind::Transient,
          .message = "The refresh token works, but could not be stored. Import it again in a minute.",
          .code = word::kUnavailable};
}

Error importGoesOn() {
  return {
      .kind = ErrorKind::Transient,
      .message =
          "The provider replaced the refresh token, and the gateway could not finish with the new one yet. "
          "It keeps the new one and goes on trying. Import the same token again in a minute to see how it "
          "ended.",
      .code = word::kUnavailable};
}

}  // namespace agw
