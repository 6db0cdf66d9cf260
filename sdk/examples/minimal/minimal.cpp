// The smallest provider: two addresses. Everything else is RFC 6749 and RFC 7636.
#include <auth_gateway/provider.hpp>

namespace {

class Minimal final : public auth_gateway::OAuthProvider {
  auth_gateway::Dialect dialect(const auth_gateway::Call&) const override {
    auth_gateway::Dialect minimal;
    minimal.authorizationUrl = "https://id.example.com/authorize";
    minimal.tokenUrl = "https://id.example.com/token";
    return minimal;
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Minimal, "minimal", "1.0.0", "Minimal Example", AGW_CAN_PKCE | AGW_CAN_REFRESH)
