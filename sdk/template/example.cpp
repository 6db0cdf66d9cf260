// Replace "example" by the provider's id, in this file's name, too. Keep what differs from the RFCs; delete
// the rest.
#include <auth_gateway/provider.hpp>

#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::Status;

class Example final : public auth_gateway::OAuthProvider {
  /// Differences in data.
  Dialect dialect(const Call& call) const override {
    Dialect example;
    example.authorizationUrl = "https://id.example.com/authorize";
    example.tokenUrl = "https://id.example.com/token";
    example.revocationUrl = "https://id.example.com/revoke";
    example.userinfoUrl = "https://id.example.com/me";
    example.scopeSeparator = ",";
    example.clientAuth = auth_gateway::ClientAuth::Basic;
    example.words.dead.push_back("bad_refresh_token");  // ends a grant: list only what the provider documents
    if (const auto team = call.option("/team"))
      example.authorizationParameters = {{"team", std::string(*team)}};
    return example;
  }

  /// A difference that is not data: this provider has an id where OpenID Connect has sub.
  Status identify(Call& call, const Dialect& dialect) const override {
    call.url(dialect.userinfoUrl);
    call.bearer(call.input("access_token").value_or(""));
    if (const auto status = call.send(); status != Status::Ok) return status;
    if (call.httpStatus() != 200) return judge(call, dialect, Stage::Identify);
    const auto id = call.plain("/id");
    if (!id) return call.fail(Status::Malformed, "The answer names no account.");
    call.result("issuer", "https://id.example.com");
    call.result("subject", id);
    call.result("email", call.plain("/email"));
    if (call.json("/email_confirmed") == "true") call.result("email_verified", "true");
    return call.emit(AGW_IDENTITY);
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Example, "example", "0.1.0", "Example",
                      AGW_CAN_PKCE | AGW_CAN_REFRESH | AGW_CAN_REVOKE | AGW_CAN_IDENTIFY | AGW_VERIFIES_EMAIL,
                      optionsSchema)
