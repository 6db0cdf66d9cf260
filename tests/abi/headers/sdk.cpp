#include "auth_gateway/provider.hpp"
#include "auth_gateway/testing.hpp"
#include "auth_gateway/testing/fixture.hpp"

namespace {

class Nothing final : public auth_gateway::OAuthProvider {
  auth_gateway::Dialect dialect(const auth_gateway::Call&) const override { return {}; }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Nothing, "nothing", "1.0.0", "Nothing", 0)
