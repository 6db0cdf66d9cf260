#pragma once

#include <map>
#include <optional>
#include <string>

#include "api/endpoints/endpoint.hpp"

namespace agw::api {

// What the endpoints that browsers visit share.

/// An endpoint for people, within the limit of their address: what is wrong with a request is told by the
/// page that `tell` makes. Previews of links, which ask by HEAD, do not reach `endpoint`: they would use up a
/// person's link.
using PersonEndpoint = Response (*)(Gateway&, const Request&);
using TellPerson = Response (*)(Gateway&, const Request&, const Error&);
[[nodiscard]] Handler personEndpoint(SharedGateway gateway, PersonEndpoint endpoint, TellPerson tell);

/// What the provider sends through the browser: the query, or the form where it posts
/// (`response_mode=form_post`).
[[nodiscard]] Result<std::map<std::string, std::string>> redirectParameters(const Request& request);

/// Previews of links ask by HEAD; they must not use up a person's link.
[[nodiscard]] std::optional<Error> refusePreview(const Request& request);

/// A page that tells of `error`. The person's and the caller's faults are all 400.
[[nodiscard]] Response errorPage(std::string html, const Error& error);

/// 303: also after a POST the browser comes by GET, without the form.
[[nodiscard]] Response redirectTo(const std::string& url, int status = 303);

/// The cookie by which a browser is known again, so that who comes back from a provider is who was sent
/// there. Empty: it has none.
[[nodiscard]] std::string browserOf(const Request& request);
/// Gives the browser its cookie, for an hour from now.
void rememberBrowser(Response& response, const Request& request, const std::string& browser);

}  // namespace agw::api
