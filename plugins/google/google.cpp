// Google's authorization server, for every Google API. README.md says how to register a client and how grants
// end.
#include <auth_gateway/provider.hpp>

#include "options_schema.hpp"

namespace {

using auth_gateway::Call;
using auth_gateway::Dialect;
using auth_gateway::Status;

// The names of events, as JSON pointers spell them.
constexpr std::string_view tokensRevoked =
    "https:~1~1schemas.openid.net~1secevent~1oauth~1event-type~1tokens-revoked";
constexpr std::string_view accountDisabled =
    "https:~1~1schemas.openid.net~1secevent~1risc~1event-type~1account-disabled";

class Google final : public auth_gateway::OAuthProvider {
  Dialect dialect(const Call& call) const override {
    Dialect google;
    google.authorizationUrl = "https://accounts.google.com/o/oauth2/v2/auth";
    google.tokenUrl = "https://oauth2.googleapis.com/token";
    google.revocationUrl = "https://oauth2.googleapis.com/revoke";
    google.userinfoUrl = "https://openidconnect.googleapis.com/v1/userinfo";
    google.jwksUrl = "https://www.googleapis.com/oauth2/v3/certs";
    google.issuers = {"https://accounts.google.com", "accounts.google.com"};  // id_tokens come with either
    google.deviceAuthorizationUrl = "https://oauth2.googleapis.com/device/code";
    google.authenticateRevocation = false;
    google.authenticateDevice = false;
    google.accessTtlDefault = 3600;
    google.refreshIdleTtl = 180 * 24 * 3600;  // Google says six months
    google.authorizationParameters = authorizationParameters(call);
    google.words.client.insert(google.words.client.end(), {"deleted_client", "disabled_client",
                                                           "org_internal", "admin_policy_enforced"});
    google.words.rateLimited.insert(google.words.rateLimited.end(),
                                    {"rateLimitExceeded", "userRateLimitExceeded"});
    return google;
  }

  static auth_gateway::Parameters authorizationParameters(const Call& call) {
    auth_gateway::Parameters parameters{
        {"access_type", std::string(call.option("/access_type").value_or("offline"))},
        // Google sends a refresh token again only when it asks for consent again.
        {"prompt", std::string(call.option("/prompt").value_or("consent"))}};
    if (call.flag("/include_granted_scopes")) parameters.emplace_back("include_granted_scopes", "true");
    if (const auto granular = call.option("/enable_granular_consent")) {
      parameters.emplace_back("enable_granular_consent", *granular);
    }
    if (const auto domain = call.option("/hosted_domain")) parameters.emplace_back("hd", *domain);
    return parameters;
  }

  Status judge(Call& call, const Dialect& dialect, Stage stage) const override {
    const auto status = OAuthProvider::judge(call, dialect, stage);
    const auto subtype = call.field("error_subtype");
    if (status == Status::GrantDead && (subtype == "invalid_rapt" || subtype == "rapt_required")) {
      return call.fail(status,
                       "The Workspace's session control asks for a new sign-in, and will again each time its "
                       "period is over.");
    }
    if (stage == Stage::Device && errorWord(call, dialect) == "invalid_client") {
      return call.fail(status,
                       "The device flow needs a client of the type \"TVs and Limited Input devices\".");
    }
    if (errorWord(call, dialect) == "admin_policy_enforced") {
      return call.fail(status,
                       "An administrator of the account's Workspace blocks this client; a new consent does "
                       "not help until that changes.");
    }
    return status;
  }

  /// Short names are asked for and long ones come back.
  std::string answeredScope(std::string_view asked) const override {
    if (asked == "email") return "https://www.googleapis.com/auth/userinfo.email";
    if (asked == "profile") return "https://www.googleapis.com/auth/userinfo.profile";
    return std::string(asked);
  }

  /// Google is the authority for its own mail and for Workspace domains (the claim `hd`, never the
  /// parameter). Any other address was verified once and may have another owner by now.
  bool emailVerified(const Call& call, const Claims& claims, std::string_view email) const override {
    if (claims("/email_verified") != "true") return false;
    return isGmail(email) || claims("/hd") || call.flag("/trust_unhosted_email");
  }

  Status acceptAccount(Call& call, const Claims& claims) const override {
    const auto domain = call.option("/hosted_domain");
    if (!domain || claims("/hd") == domain) return Status::Ok;
    return call.fail(Status::Denied, "The account is not of the domain " + std::string(*domain) + ".");
  }

  /// Cross-Account Protection: what happened to an account, as a Security Event Token (RFC 8417).
  Status webhook(Call& call, const Dialect& dialect) const override {
    const auto issuer = withSlash(dialect.issuers.front());
    const auto verified = call.verifyIdToken({issuer}, dialect.jwksUrl);
    if (verified == Status::Malformed)
      return call.fail(Status::Denied, "The signature, the issuer or the client it is for is wrong.");
    if (verified != Status::Ok) return verified;
    for (const auto event : {tokensRevoked, accountDisabled}) {
      const std::string at = "/events/" + std::string(event);
      // Another reason than a hijacking may pass, and the grants with it come back.
      const bool ends = event == tokensRevoked || call.claim(at + "/reason") == "hijacking";
      if (!ends || !call.claim(at)) continue;
      const auto status = emitConsentEnded(call, at + "/subject", issuer);
      if (status != Status::Ok) return status;
    }
    call.result("status", "202");  // RFC 8935 section 2.2: without a body
    return call.emit(AGW_REPLY);
  }

  static Status emitConsentEnded(Call& call, const std::string& subject, const std::string& issuer) {
    const auto account = call.claim(subject + "/sub");
    if (!account || withSlash(std::string(call.claim(subject + "/iss").value_or(""))) != issuer)
      return call.fail(Status::Malformed, "The event names no account of Google's.");
    call.result("event", "consent_ended");
    call.result("subject", account);
    call.result("at", call.claim("/iat"));
    call.result("delivery", call.claim("/jti"));
    return call.emit(AGW_EVENT);
  }

  /// Events spell the issuer with a slash at its end, id_tokens without.
  static std::string withSlash(std::string issuer) {
    if (issuer.empty() || issuer.back() != '/') issuer += '/';
    return issuer;
  }

  static bool isGmail(std::string_view email) {
    constexpr std::string_view domain = "@gmail.com";
    if (email.size() <= domain.size()) return false;
    const auto end = email.substr(email.size() - domain.size());
    return std::equal(end.begin(), end.end(), domain.begin(), [](char left, char right) {
      return (left >= 'A' && left <= 'Z' ? static_cast<char>(left + ('a' - 'A')) : left) == right;
    });
  }
};

}  // namespace

AUTH_GATEWAY_PROVIDER(Google, "google", "1.0.0", "Google",
                      AGW_CAN_PKCE | AGW_CAN_REFRESH | AGW_CAN_REVOKE | AGW_CAN_IDENTIFY |
                          AGW_VERIFIES_EMAIL | AGW_REVOKES_ACCOUNT | AGW_CAN_DEVICE | AGW_CAN_WEBHOOK,
                      optionsSchema)
