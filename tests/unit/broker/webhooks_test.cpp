#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/install_rig.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;
using test::alice;
using Outcome = WebhookAnswer::Outcome;
using testing::HasSubstr;
using testing::Not;

class Webhooks : public testing::Test, public test::InstallRig {
 protected:
  static ProviderEvent uninstalled(const std::string& delivery = {}) {
    ProviderEvent event;
    event.orgId = "org-1";
    event.delivery = delivery;
    return event;
  }
  static ProviderEvent of(ProviderEventKind kind, const std::string& delivery) {
    auto event = uninstalled(delivery);
    event.event = kind;
    return event;
  }
  void tells(std::vector<ProviderEvent> what) {
    provider->webhook = [what = std::move(what)](const WebhookRequest&) -> Result<WebhookReading> {
      return WebhookReading{.events = what, .contentType = {}, .body = {}};
    };
  }
  void refuses(ErrorKind kind) {
    provider->webhook = [kind](const WebhookRequest&) -> Result<WebhookReading> {
      return Error{.kind = kind, .message = "Why.", .code = "provider_error", .facts = {{"sent", {"no"}}}};
    };
  }
  Result<WebhookAnswer> take(const std::string& body = "body") {
    return webhooks.take("fake",
                         {.method = "POST", .query = {}, .headers = {}, .body = body, .publicUrl = ""}, "r");
  }
  std::string told(const Result<WebhookAnswer>& answer) {
    if (!answer) return answer.error().code;
    return answer->outcome == Outcome::Applied    ? "applied"
           : answer->outcome == Outcome::Replayed ? "replayed"
                                                  : "nothing";
  }
  [[nodiscard]] double counts(const char* outcome) {
    return counted.value("auth_gateway_webhooks_total", {{"provider", "fake"}, {"outcome", outcome}});
  }
  int suspensions() {
    int count = 0;
    for (const auto& event : *memory->listAudit(100))
      count += event.event == "installation_suspended" ? 1 : 0;
    return count;
  }
};

TEST_F(Webhooks, Event_TakesEffectBeforeItIsAnswered) {
  static_cast<void>(installed());
  tells({uninstalled("d1")});
  EXPECT_EQ(told(take()), "applied");
  EXPECT_FALSE(living());
  EXPECT_EQ(InstallRig::told(token()), "error not_authenticated");
  EXPECT_TRUE(audited("installation_uninstalled"));
  EXPECT_EQ(counts("applied"), 1);
}

TEST_F(Webhooks, Replay_HasNoEffect) {
  static_cast<void>(installed());
  tells({of(ProviderEventKind::Suspended, "d1")});
  EXPECT_EQ(told(take()), "applied");
  tells({of(ProviderEventKind::Unsuspended, "d2")});
  EXPECT_EQ(told(take()), "applied");
  tells({of(ProviderEventKind::Suspended, "d1")});
  EXPECT_EQ(told(take("its body may be another")), "replayed");
  EXPECT_EQ(living()->status, InstallationStatus::Active);
  EXPECT_EQ(suspensions(), 1);
  EXPECT_EQ(counts("replayed"), 1);
}

TEST_F(Webhooks, ReplayAtAnotherReplica_HasNoEffect) {
  static_cast<void>(installed());
  tells({of(ProviderEventKind::Suspended, "d1")});
  EXPECT_EQ(told(take()), "applied");
  WebhookService other({directory, storage, events, clock, log, counted});
  const auto again =
      other.take("fake", {.method = "POST", .query = {}, .headers = {}, .body = "", .publicUrl = ""}, "r");
  EXPECT_EQ(told(again), "replayed");
}

TEST_F(Webhooks, ReplayOfAnEventWithoutName_IsKnownByItsBody) {
  static_cast<void>(installed());
  tells({of(ProviderEventKind::Suspended, ""), of(ProviderEventKind::Unsuspended, "")});
  EXPECT_EQ(told(take("one body")), "applied") << "two events of a body are two";
  EXPECT_EQ(living()->status, InstallationStatus::Active);
  EXPECT_EQ(told(take("one body")), "replayed");
  EXPECT_EQ(told(take("another body")), "applied");
}

TEST_F(Webhooks, EventsOfOneBodyThatShareAName_AllTakeEffect) {
  reaches({organisation("org-1"), organisation("org-2")});
  static_cast<void>(installed());
  auto second = uninstalled("d1");
  second.orgId = "org-2";
  tells({uninstalled("d1"), second});
  EXPECT_EQ(told(take()), "applied");
  EXPECT_FALSE(living("org-1"));
  EXPECT_FALSE(living("org-2"));
  EXPECT_EQ(told(take()), "replayed");
}

TEST_F(Webhooks, NameOfAnEvent_IsOneProvidersOwn) {
  auto other = std::make_shared<test::FakeProvider>("other");
  other->webhook = [](const WebhookRequest&) -> Result<WebhookReading> {
    return WebhookReading{.events = {uninstalled("d1")}, .contentType = {}, .body = {}};
  };
  directory.set(other);
  static_cast<void>(installed());
  const WebhookRequest request{.method = "POST", .query = {}, .headers = {}, .body = "", .publicUrl = ""};
  EXPECT_EQ(told(webhooks.take("other", request, "r")), "applied");
  EXPECT_TRUE(living()) << "another provider's organisation of the same name";
  tells({uninstalled("d1")});
  EXPECT_EQ(told(take()), "applied");
  EXPECT_FALSE(living());
}

/// Whatever call fails, the provider is told to send it again, and the second time all is done, once.
TEST_F(Webhooks, StoreFailsAtAnyCall_TheProviderSendsItAgain) {
  for (int call = 1;; ++call) {
    InstallRig fresh;
    static_cast<void>(fresh.installed());
    fresh.provider->webhook = provider->webhook = [](const WebhookRequest&) -> Result<WebhookReading> {
      return WebhookReading{.events = {uninstalled("d1")}, .contentType = {}, .body = {}};
    };
    const WebhookRequest request{.method = "POST", .query = {}, .headers = {}, .body = "", .publicUrl = ""};
    fresh.storage.failCall(call, test::FaultyStorage::When::Before);
    const auto first = fresh.webhooks.take("fake", request, "r");
    if (!fresh.storage.failed()) {
      EXPECT_GT(call, 4) << "the store was asked less often than an event needs";
      break;
    }
    fresh.storage.failCall(0);
    if (!first) {
      EXPECT_EQ(first.error().kind, ErrorKind::Transient) << call;
      EXPECT_FALSE(*fresh.memory->knowsDelivery("fake", "d1")) << call;
    }
    const auto second = fresh.webhooks.take("fake", request, "r");
    ASSERT_TRUE(second.ok()) << call;
    EXPECT_FALSE(fresh.living()) << call;
    EXPECT_TRUE(*fresh.memory->knowsDelivery("fake", "d1")) << call;
    int ends = 0;
    for (const auto& line : *fresh.memory->listAudit(100)) ends += line.event == "installation_uninstalled";
    EXPECT_LE(ends, 1) << call;
  }
}

TEST_F(Webhooks, NotTheProviders_IsRefusedWithoutEffect) {
  static_cast<void>(installed());
  refuses(ErrorKind::Denied);
  const auto answer = take();
  EXPECT_EQ(told(answer), "invalid_signature");
  EXPECT_TRUE(answer.error().facts.empty());
  EXPECT_TRUE(living());
  EXPECT_EQ(counts("refused"), 1);
}

TEST_F(Webhooks, EntryWithoutSecret_SaysThatTheOperatorMustAct) {
  refuses(ErrorKind::BadOption);
  const auto answer = take();
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::Transient) << "sent again, it works once the secret is there";
  EXPECT_EQ(answer.error().code, "provider_not_configured");
  EXPECT_THAT(answer.error().message, HasSubstr("An administrator of this gateway"));
  EXPECT_EQ(counts("failed"), 1);
}

TEST_F(Webhooks, ProviderWithoutEvents_SaysSo) {
  const auto answer = take();
  EXPECT_EQ(told(answer), "not_found");
  EXPECT_THAT(answer.error().message, HasSubstr("remove this address"));
}

TEST_F(Webhooks, UnknownProvider_IsNotCounted) {
  const auto answer = webhooks.take("nobody", {}, "r");
  EXPECT_EQ(told(answer), "unknown_provider");
  EXPECT_EQ(counted.value("auth_gateway_webhooks_total", {{"provider", "nobody"}, {"outcome", "failed"}}), 0)
      << "strangers must not make series";
}

TEST_F(Webhooks, OtherThanTheProtocolHas_IsTheSendersFault) {
  refuses(ErrorKind::Malformed);
  EXPECT_EQ(take().error().kind, ErrorKind::InvalidRequest);
  EXPECT_EQ(told(take()), "invalid_request");
}

TEST_F(Webhooks, Remembered_LongerThanProvidersSendAgain_ThenForgotten) {
  static_cast<void>(installed());
  tells({uninstalled("d1")});
  EXPECT_EQ(told(take()), "applied");
  clock.advance(89 * 24h);
  EXPECT_TRUE(webhooks.expire().ok());
  EXPECT_EQ(told(take()), "replayed");
  clock.advance(24h);
  EXPECT_TRUE(webhooks.expire().ok());
  EXPECT_FALSE(*memory->knowsDelivery("fake", "d1"));
}

class WebhooksOfDeclared : public Webhooks {
 protected:
  WebhooksOfDeclared() {
    becomesMinted();
    directory.declared = {{.provider = "fake",
                           .org = "org-1",
                           .installationId = "install-of-org-1",
                           .staticToken = {},
                           .missing = {}}};
    auto event = of(ProviderEventKind::Suspended, "d1");
    event.installationId = "install-of-org-1";
    tells({event});
  }
  std::string served() { return InstallRig::told(token()); }
};

TEST_F(WebhooksOfDeclared, TokensFromBeforeTheEvent_AreNotServedAnyMore) {
  const auto before = served();
  EXPECT_EQ(served(), before) << "kept";
  EXPECT_EQ(told(take()), "applied");
  provider->failNext(test::FakeProvider::Call::Mint, {.kind = ErrorKind::Denied, .message = "suspended"});
  EXPECT_EQ(served(), "error not_authenticated");
  const auto after = served();
  EXPECT_NE(after, before);
  EXPECT_EQ(served(), after) << "kept again";
}

TEST_F(WebhooksOfDeclared, EventAtOneReplica_HoldsAtTheOther) {
  InstallationTokens other{
      {installations, directory, *tokens, ender, storage, clock, random, log, settings("two")}};
  const auto served = [&] { return InstallRig::told(other.token(ask(), caller)); };
  const auto before = served();
  EXPECT_EQ(served(), before) << "kept";
  EXPECT_EQ(told(take()), "applied");
  EXPECT_NE(served(), before);
}

TEST_F(WebhooksOfDeclared, TokenMadeDuringTheEvent_IsNotKept) {
  provider->hold(test::FakeProvider::Call::Mint);
  std::string during;
  std::thread reader([&] { during = served(); });
  provider->awaitHeld(test::FakeProvider::Call::Mint);
  EXPECT_EQ(told(take()), "applied");
  provider->release(test::FakeProvider::Call::Mint);
  reader.join();
  EXPECT_NE(served(), during);
}

TEST_F(WebhooksOfDeclared, Replay_LeavesTheTokensAlone) {
  EXPECT_EQ(told(take()), "applied");
  const auto before = served();
  EXPECT_EQ(told(take()), "replayed");
  EXPECT_EQ(served(), before);
}

TEST_F(WebhooksOfDeclared, StoreFailsAtAnyCall_TheProviderSendsItAgain) {
  for (int call = 1;; ++call) {
    const auto before = served();
    const auto name = "d" + std::to_string(call);
    auto event = of(ProviderEventKind::Suspended, name);
    event.installationId = "install-of-org-1";
    tells({event});
    storage.failCall(call, test::FaultyStorage::When::Before);
    const auto first = take();
    const bool failed = storage.failed();
    storage.failCall(0);
    if (!failed) {
      EXPECT_GT(call, 3) << "the store was asked less often than an event needs";
      break;
    }
    EXPECT_EQ(first.error().kind, ErrorKind::Transient) << call;
    EXPECT_EQ(told(take()), "applied") << call;
    EXPECT_NE(served(), before) << call;
  }
}

TEST_F(WebhooksOfDeclared, StoreAway_NoTokenOfWhichAnEventMayHaveTold) {
  static_cast<void>(served());
  storage.failAll();
  EXPECT_EQ(served(), "error unavailable");
}

}  // namespace
}  // namespace agw
