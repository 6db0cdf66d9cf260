#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/install_rig.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::alice;
using test::FakeProvider;
using test::mallory;
using testing::HasSubstr;
using testing::Not;
using Status = InstallOutcome::Status;

class Installs : public testing::Test, public test::InstallRig {
 protected:
  /// Nothing is stored, and nothing that was issued lives.
  void expectNothing() {
    EXPECT_FALSE(living());
    EXPECT_EQ(storedGrants(), 0U);
    EXPECT_TRUE(provider->livingPairs().empty());
  }
};

TEST_F(Installs, Finish_Consented_StoresTheOrganisationAndItsToken) {
  const auto outcome = installed();
  ASSERT_EQ(outcome.status, Status::Installed) << outcome.error.message;
  ASSERT_EQ(outcome.installations.size(), 1U);
  const auto row = living();
  ASSERT_TRUE(row);
  EXPECT_EQ(row->orgName, "Name of org-1");
  EXPECT_EQ(row->installationId, "install-of-org-1");
  EXPECT_EQ(row->installedBy, "key-1");
  EXPECT_EQ(told(token()), provider->livingPairs().front().access);
  EXPECT_TRUE(audited("installation_stored"));
}

TEST_F(Installs, Finish_SeveralTokensOfOneConsent_EachIsServedByItsKind) {
  provider->organisations.kinds = {"bot", "user"};
  ASSERT_EQ(installed().status, Status::Installed);
  const auto pairs = provider->livingPairs();
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(told(token()), pairs[0].access) << "the first serves who names none";
  EXPECT_EQ(told(token(ask("org-1", "bot"))), pairs[0].access);
  EXPECT_EQ(told(token(ask("org-1", "user"))), pairs[1].access);
}

TEST_F(Installs, Finish_SeveralOrganisationsOfOneConsent_ShareItsToken) {
  reaches({organisation("org-1"), organisation("org-2")});
  EXPECT_EQ(installed().installations.size(), 2U);
  EXPECT_EQ(told(token(ask("org-1"))), told(token(ask("org-2"))));
  EXPECT_EQ(storedGrants(), 1U);
}

TEST_F(Installs, Finish_Again_KeepsTheIdAndReplacesTheToken) {
  const auto first = installed();
  const auto before = told(token());
  const auto second = installed();
  ASSERT_EQ(second.status, Status::Installed);
  EXPECT_EQ(second.installations.front().id, first.installations.front().id);
  EXPECT_NE(told(token()), before);
  EXPECT_EQ(storedGrants(), 1U);
}

TEST_F(Installs, Finish_MintedOrganisation_KeepsNoTokenOfThePerson) {
  becomesMinted();
  ASSERT_EQ(installed().status, Status::Installed);
  EXPECT_EQ(storedGrants(), 0U);
  EXPECT_TRUE(provider->livingPairs().empty()) << "the person's token was for the proof alone";
}

// A3
TEST_F(Installs, Finish_StateAgain_IsRefusedAndNothingIsExchanged) {
  const auto callback = back(begun());
  ASSERT_EQ(install.finish(callback).status, Status::Installed);
  const auto again = install.finish(callback);
  EXPECT_EQ(again.status, Status::Failed);
  EXPECT_EQ(again.error.kind, ErrorKind::Conflict);
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 1);
}

// A5
TEST_F(Installs, Finish_TenMinutesLater_IsRefused) {
  const auto early = back(begun());
  const auto late = back(begun());
  clock.advance(10min - 1ms);
  EXPECT_EQ(install.finish(early).status, Status::Installed);
  clock.advance(1ms);
  EXPECT_EQ(install.finish(late).error.code, "Session expired");
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 1);
}

// A4
TEST_F(Installs, Finish_AtAnotherProvidersPath_IsRefused) {
  auto callback = back(begun());
  callback.provider = "other";
  EXPECT_EQ(install.finish(callback).status, Status::Failed);
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
}

// A1
TEST_F(Installs, Finish_InAnotherBrowser_IsRefusedBeforeAnythingIsExchanged) {
  const auto link = begun(wish({}, "browser-one"));
  auto callback = back(link);
  callback.browser = "browser-two";
  EXPECT_EQ(install.finish(callback).error.code, "identity_mismatch");
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
  auto right = back(begun(wish({}, "browser-one")));
  right.browser = "browser-one";
  EXPECT_EQ(install.finish(right).status, Status::Installed);
}

TEST_F(Installs, Finish_ForgedInstallationId_IsRefusedAndTheTokensAreRevoked) {
  auto callback = back(begun());
  callback.parameters["installation_id"] = "install-of-somebody-else";
  const auto outcome = install.finish(callback);
  EXPECT_EQ(outcome.status, Status::Failed);
  EXPECT_THAT(outcome.error.message, HasSubstr("not one of this account's"));
  expectNothing();
}

TEST_F(Installs, Finish_ForeignOrganisation_IsRefusedAndTheTokensAreRevoked) {
  reaches({organisation("org-of-mallory")}, mallory());
  const auto outcome = install.finish(back(begun(wish("org-1")), mallory()));
  EXPECT_EQ(outcome.error.code, "identity_mismatch");
  EXPECT_FALSE(living("org-of-mallory"));
  expectNothing();
}

TEST_F(Installs, Finish_OrganisationAskedForAmongOthers_IsStoredAlone) {
  reaches({organisation("org-1"), organisation("org-2")});
  EXPECT_EQ(install.finish(back(begun(wish("org-2")))).installations.size(), 1U);
  EXPECT_TRUE(living("org-2"));
  EXPECT_FALSE(living("org-1"));
}

TEST_F(Installs, Finish_NoOrganisation_IsRefusedAndTheTokensAreRevoked) {
  reaches({});
  EXPECT_EQ(installed().error.code, "access_denied");
  expectNothing();
}

TEST_F(Installs, Finish_PersonSaysNo_SaysSoAndExchangesNothing) {
  auto callback = back(begun());
  callback.parameters.erase("code");
  callback.parameters["error"] = "access_denied";
  EXPECT_EQ(install.finish(callback).error.code, "access_denied");
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
}

TEST_F(Installs, Finish_UnknownErrorWordOfTheRedirect_IsTheProvidersFault) {
  auto callback = back(begun());
  callback.parameters["error"] = "<script>unheard_of</script>";
  const auto outcome = install.finish(callback);
  EXPECT_EQ(outcome.error.code, "provider_error");
  EXPECT_THAT(outcome.error.message, Not(HasSubstr("unheard_of")));
}

TEST_F(Installs, Finish_OddAnswers_AreRefusedAndTheTokensAreRevoked) {
  provider->organisations.kinds = {"bot", "bot"};
  EXPECT_EQ(installed().error.code, "provider_error") << "two tokens that cannot be told apart";
  expectNothing();
  provider->organisations.kinds = {""};
  const Error html{.kind = ErrorKind::Malformed, .message = "A page of HTML."};
  provider->failNext(FakeProvider::Call::Installations, html);
  EXPECT_EQ(installed().error.code, "provider_error");
  expectNothing();
  provider->failNext(FakeProvider::Call::Identify, test::timedOut());
  EXPECT_EQ(installed().error.code, "provider_unavailable");
  EXPECT_FALSE(living());
}

// A7
TEST_F(Installs, Finish_WrongIssuer_IsRefusedBeforeAnythingIsExchanged) {
  provider->rules.issuers = {"https://issuer.test"};
  auto callback = back(begun());
  callback.parameters["iss"] = "https://evil.test";
  EXPECT_EQ(install.finish(callback).status, Status::Failed);
  provider->rules.issuerRequired = true;
  EXPECT_EQ(install.finish(back(begun())).status, Status::Failed);
  EXPECT_EQ(provider->calls(FakeProvider::Call::Exchange), 0);
}

TEST_F(Installs, Finish_ProviderSendsThePersonOn_GoesOnAsTheSameInstall) {
  provider->organisations.sendsOn = true;
  const auto first = back(begun(wish({}, "browser-one")));
  InstallCallback setup{
      .provider = "fake",
      .parameters = {{"state", first.parameters.at("state")}, {"installation_id", "install-of-org-1"}},
      .browser = "browser-one",
      .requestId = "r"};
  const auto sent = install.finish(setup);
  ASSERT_EQ(sent.status, Status::GoOn);
  InstallCallback last{.provider = "fake",
                       .parameters = {{"state", FakeProvider::parameter(sent.nextUrl, "state")},
                                      {"code", provider->consent(sent.nextUrl, alice())}},
                       .browser = {},
                       .requestId = "r"};
  auto elsewhere = last;
  EXPECT_EQ(install.finish(elsewhere).status, Status::Failed) << "the browser stays bound";
  setup.parameters["state"] = back(begun(wish({}, "browser-one"))).parameters.at("state");
  const auto again = install.finish(setup);
  last.parameters = {{"state", FakeProvider::parameter(again.nextUrl, "state")},
                     {"code", provider->consent(again.nextUrl, alice())}};
  last.browser = "browser-one";
  EXPECT_EQ(install.finish(last).status, Status::Installed);
}

TEST_F(Installs, Finish_ClaimOfTheFirstRedirect_IsProvenAfterTheSecond) {
  provider->organisations.sendsOn = true;
  const auto link = begun();
  const InstallCallback setup{.provider = "fake",
                              .parameters = {{"state", FakeProvider::parameter(link.url, "state")},
                                             {"installation_id", "install-of-somebody-else"}},
                              .browser = {},
                              .requestId = "r"};
  const auto sent = install.finish(setup);
  const auto outcome =
      install.finish({.provider = "fake",
                      .parameters = {{"state", FakeProvider::parameter(sent.nextUrl, "state")},
                                     {"code", provider->consent(sent.nextUrl, alice())}},
                      .browser = {},
                      .requestId = "r"});
  EXPECT_EQ(outcome.status, Status::Failed);
  expectNothing();
}

TEST_F(Installs, Finish_EntryChangedMeanwhile_IsRefused) {
  const auto callback = back(begun());
  provider->configuration.fingerprint = "another";
  EXPECT_EQ(install.finish(callback).error.code, "provider_not_configured");
}

TEST_F(Installs, Ticket_ServesOnceForItsProviderAndItsTenMinutes) {
  const auto ticket = install.makeTicket(wish("org-1"));
  ASSERT_TRUE(ticket.ok());
  const auto link = install.beginByTicket(ticket->ticket, wish({}, "browser-one"));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(FakeProvider::parameter(link->url, "organisation"), "org-1") << "the ticket says for whom";
  EXPECT_EQ(install.beginByTicket(ticket->ticket, wish()).error().kind, ErrorKind::Conflict);
  const auto late = install.makeTicket(wish());
  clock.advance(10min);
  EXPECT_EQ(install.beginByTicket(late->ticket, wish()).error().code, "Session expired");
  EXPECT_EQ(install.beginByTicket(FakeProvider::parameter(link->url, "state"), wish()).error().kind,
            ErrorKind::InvalidRequest)
      << "a state is no ticket";
}

TEST_F(Installs, Begin_ProviderWithoutInstallations_IsRefused) {
  provider->abilities.installations = false;
  EXPECT_EQ(install.begin(wish()).error().kind, ErrorKind::Unsupported);
}

// H4: the first call fails, then the second, and so on.
TEST(InstallFaults, Finish_StoreAwayAtAnyCall_LeavesNothingHalfDone) {
  using When = test::FaultyStorage::When;
  for (const auto when : {When::Before, When::After}) {
    bool failed = true;
    for (int call = 1; failed; ++call) {
      test::InstallRig rig;
      const auto callback = rig.back(rig.begun());
      rig.storage.failCall(call, when);
      const auto outcome = rig.install.finish(callback);
      failed = rig.storage.failed();
      rig.storage.failCall(0);
      rig.clock.advance(1min);
      ASSERT_TRUE(rig.install.expire().ok());
      const bool stored = rig.living().has_value();
      EXPECT_EQ(stored, rig.storedGrants() == 1) << call;
      EXPECT_EQ(stored ? 1U : 0U, rig.provider->livingPairs().size()) << call;
      EXPECT_TRUE(stored || outcome.status == Status::Failed) << call;
      EXPECT_TRUE(failed || stored) << call;
    }
  }
}

// B4
TEST_F(Installs, NothingOfAnInstall_LeaksASecret) {
  static_cast<void>(installed());
  for (const auto& line : log.lines()) EXPECT_THAT(line, Not(HasSubstr("CANARY")));
}

}  // namespace
}  // namespace agw
