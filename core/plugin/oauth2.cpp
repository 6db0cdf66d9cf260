#include "auth_gateway/provider.hpp"
#include "plugin/plugin.hpp"

namespace agw {
namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::Status;

/// The RFCs as they stand, with everything from options; what an entry can do follows from what it sets.
class Oauth2 final : public auth_gateway::OAuthProvider {
  Dialect dialect(const Call&) const override { return {}; }

  Status describe(Call& call, const Dialect& dialect) const override {
    std::uint64_t can = AGW_CAN_REFRESH;
    if (!dialect.deviceAuthorizationUrl.empty()) can |= AGW_CAN_DEVICE;
    if (dialect.pkce)
      can |= call.option("/pkce") == "optional" ? AGW_CAN_PKCE : AGW_CAN_PKCE | AGW_NEEDS_PKCE;
    if (!dialect.revocationUrl.empty()) can |= AGW_CAN_REVOKE;
    const bool idToken = !dialect.jwksUrl.empty() && !dialect.issuers.empty();
    if (idToken || !dialect.userinfoUrl.empty()) can |= AGW_CAN_IDENTIFY | AGW_VERIFIES_EMAIL;
    Dialect told = dialect;
    told.capabilities = can;
    return OAuthProvider::describe(call, told);
  }
};

}  // namespace

const agw_provider* builtinOauth2() {
  return auth_gateway::detail::descriptor<Oauth2>("oauth2", "1.0.0", "OAuth 2.0",
                                                  AGW_CAN_PKCE | AGW_NEEDS_PKCE | AGW_CAN_REFRESH);
}

}  // namespace agw
