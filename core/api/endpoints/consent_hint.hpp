#pragma once

#include <string>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {

// Refusals of a token that a person can cure carry the link for it, where this caller may have one made.

/// Whether a consent cures the error.
[[nodiscard]] bool curedByConsent(const Error& error);

/// Of a user's token.
[[nodiscard]] Response refusal(Gateway& gateway, const TokenRequest& request, Error error,
                               const Caller& caller);
[[nodiscard]] std::optional<ConsentHint> hintFor(Gateway& gateway, const TokenRequest& request,
                                                 const Error& error, const Caller& caller);

/// Of an organisation's token: a link with a ticket.
[[nodiscard]] Response refusal(Gateway& gateway, const InstallationTokenRequest& request, const Error& error,
                               const Caller& caller);
[[nodiscard]] std::optional<ConsentHint> hintFor(Gateway& gateway, const InstallationTokenRequest& request,
                                                 const Caller& caller);

/// Where a browser begins an install with a ticket.
[[nodiscard]] std::string installUrl(const Gateway& gateway, const std::string& provider,
                                     const std::string& ticket);

}  // namespace agw::api
