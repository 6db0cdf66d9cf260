#include "broker/consent_request.hpp"

#include <algorithm>
#include <utility>

#include "broker/errors.hpp"

namespace agw {
namespace {

Error invalid(const char* code, std::string message, const char* field) {
  return {.kind = ErrorKind::InvalidRequest,
          .message = std::move(message),
          .code = code,
          .facts = {{"field", {field}}}};
}

// scope-token of RFC 6749 section 3.3.
bool isScope(const std::string& text) {
  constexpr std::size_t kLongest = 512;
  return !text.empty() && text.size() <= kLongest && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

}  // namespace

std::optional<Error> faultOf(const ConsentRequest& request) {
  if (canonicalEmail(request.profile) != request.profile) {
    return invalid("invalid_email", "This is not an e-mail address.", "user_email");
  }
  if (!std::all_of(request.scopes.begin(), request.scopes.end(), isScope)) {
    return invalid("invalid_scope", "A scope is a word of printable ASCII characters without quotes.",
                   "scopes");
  }
  return std::nullopt;
}

std::optional<Error> uncheckableIdentity(const Provider& provider) {
  if (effectiveIdentity(provider) != IdentityPolicy::Match || provider.capabilities().identity)
    return std::nullopt;
  return Error{.kind = ErrorKind::BadOption,
               .message = provider.displayName() +
                          " does not tell who consented. An administrator must set "
                          "identity: confirm for this provider entry.",
               .code = word::kMisconfigured};
}

Result<Flow> newFlow(const ConsentRequest& request, const Provider& provider, const Caller& caller,
                     Random& random, TimePoint now) {
  auto id = newUuid(random);
  if (!id) return std::move(id).error();
  Flow flow;
  flow.id = std::move(*id);
  flow.provider = request.provider;
  flow.profile = request.profile;
  flow.redirectAfter = request.redirectAfter;
  flow.scopes = request.scopes.empty() ? provider.config().scopes : request.scopes;
  flow.configFingerprint = provider.config().fingerprint;
  flow.startedBy = caller.keyId;
  flow.createdAt = now;
  return flow;
}

}  // namespace agw
