#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "domain/caller.hpp"
#include "domain/flow.hpp"
#include "domain/provider.hpp"

namespace agw {

/// What a caller wants a user to consent to.
struct ConsentRequest {
  std::string provider;
  std::string profile;        ///< canonical
  Scopes scopes;              ///< empty: the entry's
  std::string redirectAfter;  ///< empty, or checked against the allow-list already; not for devices
  std::string requestId;
};

/// `InvalidRequest` for an address or a scope that is none.
[[nodiscard]] std::optional<Error> faultOf(const ConsentRequest& request);

/// `BadOption` when the entry's policy compares accounts and its provider tells none: everybody would be
/// refused, but only after they consented.
[[nodiscard]] std::optional<Error> uncheckableIdentity(const Provider& provider);

/// The Pending flow of a request, without its state, its end and what its way (browser or device) needs.
[[nodiscard]] Result<Flow> newFlow(const ConsentRequest& request, const Provider& provider,
                                   const Caller& caller, Random& random, TimePoint now);

}  // namespace agw
