#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace agw {

using Scopes = std::vector<std::string>;
using QueryParameters = std::map<std::string, std::string, std::less<>>;

/// What a provider tells about an organisation that let the client in.
struct InstallationFacts {
  std::string orgId;           ///< the provider's stable id of the organisation
  std::string orgName;         ///< for people; may change
  std::string installationId;  ///< where the provider gives the installation an id of its own; else empty
  Scopes scopes;
  boost::json::object permissions;
  boost::json::object metadata;
  bool suspended = false;
  bool minted = false;  ///< its tokens are made by `mintInstallationToken`, not kept from the consent
};

/// An item of `installations:` in providers.yaml: an organisation that needs no consent here.
struct DeclaredInstallation {
  std::string provider;
  std::string org;             ///< as `InstallationFacts::orgId`
  std::string installationId;  ///< its tokens are minted; this or `staticToken`
  Secret staticToken;          ///< a token without end
  bool preferStored = false;   ///< one that came by consent goes before it
  /// Variables or files that it refers to and that are not there. Not empty: it serves nothing.
  std::vector<std::string> missing;
};

/// A redirect as it came from the browser: attacker's text, each name at most once.
struct CallbackReading {
  QueryParameters parameters;
  std::string nextState;  ///< for `InstallationCallback::nextUrl`
};

/// One of `code`, `error` and `nextUrl` is set.
struct InstallationCallback {
  Secret code;
  std::string error;    ///< a word of RFC 6749 section 4.1.2.1
  std::string nextUrl;  ///< the person has to go there too, and comes back with `nextState`
};

struct MintRequest {
  std::string orgId;
  std::string installationId;
  std::vector<std::string> repositories;  ///< narrows; empty: all
  boost::json::object permissions;        ///< narrows; empty: all
};

struct WebhookRequest {
  std::string method;
  QueryParameters query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string publicUrl;  ///< of the endpoint that got it
};

enum class ProviderEventKind {
  Uninstalled,
  Suspended,
  Unsuspended,
  PermissionsChanged,
  TokensRevoked,  ///< of `kind`, or all
  ConsentEnded,   ///< everything of `subject`
};

/// Something that happened at the provider. At least one of the three ids is set.
struct ProviderEvent {
  ProviderEventKind event = ProviderEventKind::Uninstalled;
  std::string orgId;
  std::string installationId;
  std::string subject;
  std::string kind;
  std::optional<boost::json::object> permissions;
  std::optional<TimePoint> at;  ///< when it happened; what was consented to later stays
  std::string delivery;         ///< the provider's id of it, taken once; empty: it has none
};

struct WebhookReading {
  std::vector<ProviderEvent> events;
  int status = 200;
  std::string contentType;  ///< empty with an empty body
  std::string body;
};

/// RFC 8628 section 3.2.
struct DeviceGrant {
  Secret deviceCode;
  std::string userCode;
  std::string verificationUri;
  std::string verificationUriComplete;  ///< empty: not told
  std::chrono::seconds expiresIn{0};
  std::chrono::seconds interval{5};
};

}  // namespace agw
