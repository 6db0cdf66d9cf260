#pragma once

#include "broker/install.hpp"
#include "broker/installation_directory.hpp"
#include "broker/installation_end.hpp"
#include "broker/installation_tokens.hpp"
#include "broker/provider_events.hpp"
#include "broker/webhooks.hpp"
#include "support/broker_rig.hpp"
#include "support/recorded_metrics.hpp"

namespace agw::test {

/// The broker's rig for organisations: alice's account reaches the organisation `org-1`.
class InstallRig : public BrokerRig {
 public:
  InstallRig() {
    provider->abilities.installations = true;
    provider->configuration.installRedirectUri = "https://gateway.test/oauth/callback/fake";
    reaches({organisation("org-1")});
  }

  std::unique_ptr<TokenService> tokens = replica();
  InstallService install{{storage, directory, vault, clock, random, log, revoke}};
  InstallationDirectory installations{storage, directory};
  InstallationEnder ender{{storage, revoke, clock, log}};
  InstallationTokens organisationTokens{
      {installations, directory, *tokens, ender, storage, clock, random, log, settings("one")}};
  ProviderEvents events{{storage, ender, organisationTokens, clock, log}};
  RecordedMetrics counted;
  WebhookService webhooks{{directory, storage, events, clock, log, counted}};

  static InstallationFacts organisation(const std::string& id, bool minted = false) {
    InstallationFacts facts;
    facts.orgId = id;
    facts.orgName = "Name of " + id;
    facts.installationId = "install-of-" + id;
    facts.permissions = {{"contents", "read"}};
    facts.minted = minted;
    return facts;
  }
  void reaches(std::vector<InstallationFacts> facts, const Identity& who = alice()) {
    provider->organisations.reach[who.subject] = std::move(facts);
  }
  void becomesMinted() {
    provider->abilities.mints = true;
    reaches({organisation("org-1", true)});
  }

  static InstallRequest wish(const std::string& orgId = {}, const std::string& browser = {}) {
    return {.provider = "fake",
            .orgId = orgId,
            .redirectAfter = {},
            .startedBy = "key-1",
            .browser = browser,
            .requestId = "r"};
  }
  InstallLink begun(const InstallRequest& request = wish()) {
    auto link = install.begin(request);
    EXPECT_TRUE(link.ok());
    return link ? *link : InstallLink{};
  }
  /// What the browser brings back after `who` consented to `link`.
  InstallCallback back(const InstallLink& link, const Identity& who = alice()) {
    return {.provider = "fake",
            .parameters = {{"state", FakeProvider::parameter(link.url, "state")},
                           {"code", provider->consent(link.url, who)}},
            .browser = {},
            .requestId = "r"};
  }
  InstallOutcome installed(const Identity& who = alice()) { return install.finish(back(begun(), who)); }

  static InstallationTokenRequest ask(const std::string& orgId = "org-1", const std::string& kind = {}) {
    InstallationTokenRequest request;
    request.address = {"fake", orgId, {}};
    request.kind = kind;
    request.requestId = "r";
    return request;
  }
  Result<InstallationTokenAnswer> token(const InstallationTokenRequest& request = ask()) {
    return organisationTokens.token(request, caller);
  }
  static std::string told(const Result<InstallationTokenAnswer>& answer) {
    return answer ? std::string(answer->token.accessToken.reveal()) : "error " + answer.error().code;
  }
  std::optional<Installation> living(const std::string& orgId = "org-1") {
    return *memory->findLivingInstallation("fake", orgId);
  }
  std::size_t storedGrants() { return memory->listGrantsOfSubject("fake", alice().subject)->size(); }
};

}  // namespace agw::test
