#pragma once

#include <string>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {

// Token exchange (RFC 8693) as stock OAuth libraries send it.

/// A request for a token by form, understood.
struct TokenExchange {
  std::string provider;
  std::string subject;  ///< `subject_token`
  enum class Subject { User, Organisation, Installation } kind = Subject::User;
  Scopes scopes;
};

/// Whether the body is a form.
[[nodiscard]] bool isForm(const Request& request);

/// The request with its API key where all endpoints look for it. A library sends it as the client's secret:
/// by HTTP Basic or in the form (RFC 6749 section 2.3.1). `InvalidRequest` when it is there twice.
[[nodiscard]] Result<Request> withKeyOfClient(const Request& request);

/// The parameters of section 2.1. Unknown ones are ignored, as RFC 6749 wants; repeated ones are refused.
[[nodiscard]] Result<TokenExchange> readExchange(const Request& request);

/// An error in the words of RFC 6749 section 5.2 and RFC 8693 section 2.2.2; the gateway's own word is
/// `code`.
[[nodiscard]] Response standardError(const Error& error, const Request& request,
                                     const std::optional<ConsentHint>& hint);

}  // namespace agw::api
