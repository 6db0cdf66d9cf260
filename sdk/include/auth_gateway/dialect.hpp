#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth_gateway/call.hpp"
#include "auth_gateway/text.hpp"

namespace auth_gateway {

/// How the client proves itself at the token endpoint (RFC 6749 section 2.3.1).
enum class ClientAuth {
  Post,   ///< client_id and client_secret in the body
  Basic,  ///< in the Authorization header
  None,   ///< public client: client_id alone
};

enum class RequestFormat { Form, Json };

/// What a provider's error words mean. A word that stands nowhere here is temporary: a grant ends by a listed
/// word alone.
struct ErrorWords {
  std::vector<std::string> dead{"invalid_grant"};    ///< at a refresh: the person must consent again
  std::vector<std::string> denied{"access_denied"};  ///< at an exchange: the person said no
  std::vector<std::string> client{"invalid_client", "unauthorized_client", "redirect_uri_mismatch"};
  std::vector<std::string> option{"invalid_scope", "invalid_request", "invalid_target",
                                  "unsupported_grant_type", "unsupported_response_type"};
  std::vector<std::string> rateLimited{"slow_down"};
  std::vector<std::string> gone{"invalid_token"};  ///< at a revocation: there is nothing to revoke any more
  std::vector<std::string> unsupported{"unsupported_token_type"};  ///< at a revocation: this kind has none
  std::vector<std::string> pending{"authorization_pending"};       ///< at a device: no decision yet
  std::vector<std::string> expired{"expired_token"};               ///< at a device: the code's time is over
};

/// How a provider differs from the RFCs where the difference is data. What is not set follows RFC 6749, 7636
/// and 7009.
struct Dialect {
  std::string authorizationUrl;
  std::string tokenUrl;
  std::string revocationUrl;           ///< empty: tokens cannot be revoked
  std::string deviceAuthorizationUrl;  ///< RFC 8628; empty: there is no device flow
  std::string userinfoUrl;
  std::string jwksUrl;               ///< with `issuers`: identity comes from the verified id_token
  std::vector<std::string> issuers;  ///< spellings of one issuer; the first is the one that identities carry
  bool issuerInCallback = false;     ///< the provider promises `iss` in every callback (RFC 9207)

  Parameters authorizationParameters;             ///< further ones of the authorization request
  Parameters tokenParameters;                     ///< further ones of the token request
  std::string loginHintParameter = "login_hint";  ///< whose account is meant; empty: cannot be told
  std::string scopeSeparator = " ";
  ClientAuth clientAuth = ClientAuth::Post;
  RequestFormat requestFormat = RequestFormat::Form;
  bool pkce = true;                     ///< send the challenge; false only where the provider refuses it
  bool authenticateRevocation = true;   ///< the client proves itself at the revocation endpoint, too
  bool authenticateDevice = true;       ///< and at the device authorization endpoint (RFC 8628 section 3.1)
  std::string errorPointer = "/error";  ///< where an answer has its error word
  ErrorWords words;

  using Seconds = std::optional<std::int64_t>;
  Seconds accessTtlDefault;        ///< an access token lives this long when the answer does not say
  Seconds refreshGrace;            ///< a spent refresh token is still taken for this long after a rotation
  Seconds refreshIdleTtl;          ///< a refresh token that is not used for this long ends
  Seconds renewBefore;             ///< an access token is renewed this long before its end, if not earlier
  bool refreshPerAccount = false;  ///< one refresh at a time for all grants of an account
  std::optional<std::uint64_t> capabilities;  ///< where options change what the descriptor says
};

namespace detail {

inline void override(const Call& call, std::string_view pointer, std::string& value) {
  if (const auto option = call.option(pointer)) value = *option;
}

/// A JSON array of texts at `pointer` of the options, or one text; appended.
inline void appendTexts(const Call& call, const std::string& pointer, std::vector<std::string>& texts) {
  const auto single = call.option(pointer);
  if (!single) return;
  if (single->substr(0, 1) != "[") {
    texts.emplace_back(*single);
    return;
  }
  for (std::size_t index = 0;; ++index) {
    const auto item = call.option(pointer + "/" + std::to_string(index));
    if (!item) return;
    texts.emplace_back(*item);
  }
}

/// The members of the object at `pointer`; one that `parameters` has already is replaced.
inline void mergeParameters(const Call& call, const std::string& pointer, Parameters& parameters) {
  for (const auto key : call.optionKeys(pointer)) {
    std::string path = pointer + "/";
    for (const char character : key) {
      path += character == '~'   ? std::string("~0")
              : character == '/' ? std::string("~1")
                                 : std::string(1, character);
    }
    const auto value = call.option(path);
    if (!value) continue;
    const auto same = [&](const auto& parameter) { return parameter.first == key; };
    parameters.erase(std::remove_if(parameters.begin(), parameters.end(), same), parameters.end());
    parameters.emplace_back(key, *value);
  }
}

}  // namespace detail

/// Puts the entry's options over the provider's defaults. Which of them an entry may set is the options
/// schema's to say.
inline void applyOptions(const Call& call, Dialect& dialect) {
  using detail::override;
  override(call, "/authorization_url", dialect.authorizationUrl);
  override(call, "/token_url", dialect.tokenUrl);
  override(call, "/revocation_url", dialect.revocationUrl);
  override(call, "/device_authorization_url", dialect.deviceAuthorizationUrl);
  override(call, "/userinfo_url", dialect.userinfoUrl);
  override(call, "/jwks_url", dialect.jwksUrl);
  override(call, "/scope_separator", dialect.scopeSeparator);
  if (call.option("/issuer")) {
    dialect.issuers.clear();
    detail::appendTexts(call, "/issuer", dialect.issuers);
  }
  if (const auto promised = call.option("/issuer_in_callback")) dialect.issuerInCallback = promised == "true";
  if (const auto auth = call.option("/client_auth")) {
    dialect.clientAuth = auth == "basic"  ? ClientAuth::Basic
                         : auth == "none" ? ClientAuth::None
                                          : ClientAuth::Post;
  }
  if (const auto format = call.option("/request_format")) {
    dialect.requestFormat = format == "json" ? RequestFormat::Json : RequestFormat::Form;
  }
  if (const auto pkce = call.option("/pkce")) dialect.pkce = pkce != "unsupported";
  if (const auto life = call.option("/access_ttl_default")) dialect.accessTtlDefault = lifetime(*life);
  detail::mergeParameters(call, "/authorization_params", dialect.authorizationParameters);
  detail::mergeParameters(call, "/token_params", dialect.tokenParameters);
  detail::appendTexts(call, "/error_words/dead", dialect.words.dead);
  detail::appendTexts(call, "/error_words/denied", dialect.words.denied);
  detail::appendTexts(call, "/error_words/client", dialect.words.client);
  detail::appendTexts(call, "/error_words/option", dialect.words.option);
  detail::appendTexts(call, "/error_words/rate_limited", dialect.words.rateLimited);
}

}  // namespace auth_gateway
