#pragma once

#include <string>

#include "base/clock.hpp"
#include "domain/grant.hpp"
#include "domain/provider.hpp"

namespace agw {

enum class InstallStep {
  Ticket,    ///< a browser may begin with it, once
  Redirect,  ///< the `state` of a redirect to the provider
};

/// An install under way. A row of `oauth_states`. Single use: `Storage::consumeInstallState` hands it out
/// once, before anything is sent to the provider.
struct InstallFlow {
  std::string id;  ///< UUID
  std::string provider;
  InstallStep step = InstallStep::Redirect;
  std::string stateHash;  ///< hex SHA-256 of the ticket or `state`, which is stored nowhere
  Sealed codeVerifier;    ///< empty: the provider takes no PKCE
  std::string redirectUri;
  std::string redirectAfter;      ///< empty: the result page
  std::string orgId;              ///< the organisation that is meant; empty: the person chooses
  std::string configFingerprint;  ///< of the provider entry that asked
  std::string startedBy;          ///< id of the API key; `public`: a browser without one
  std::string browserHash;     ///< hex SHA-256 of the cookie of the browser that began; empty: a program did
  QueryParameters parameters;  ///< of an earlier redirect of the same install
  TimePoint createdAt;
  TimePoint expiresAt;
};

}  // namespace agw
