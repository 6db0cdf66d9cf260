#include <gtest/gtest.h>

#include <functional>

#include "support/broker_rig.hpp"
#include "support/schedule_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;
using When = FaultyStorage::When;

/// A rig with a token service and an operation that the faults hit.
struct Setting {
  BrokerRig rig;
  std::unique_ptr<TokenService> service;
  std::unique_ptr<ScheduledReplica> scheduled;
  std::unique_ptr<DeviceService> devices;
  ConsentLink link;
  CallbackParameters callback;
  std::string code;
  bool orphan = false;  // the provider gave out a pair that nobody received
};

struct Case {
  const char* name;
  std::function<void(Setting&)> prepare;
  std::function<void(Setting&)> run;
};

void connectAndExpire(Setting& setting) {
  setting.rig.connect();
  setting.rig.clock.advance(3600s);
}

void onDevices(Setting& setting) {
  setting.rig.provider->abilities.device = true;
  setting.devices = setting.rig.deviceReplica();
}

DeviceAuthorization beginOnDevice(Setting& setting) {
  onDevices(setting);
  return *setting.devices->begin({"fake", kAlice, {}, {}, "r"}, setting.rig.caller);
}

void pollDevices(Setting& setting) {
  setting.rig.clock.advance(5s);
  (void)setting.devices->poll();
  EXPECT_TRUE(setting.devices->drain(20s));
}

const std::vector<Case>& operations() {
  static const std::vector<Case> all = {
      {"consent",
       [](Setting& s) {
         s.link = s.rig.begin();
         s.callback = s.rig.callback(s.link);
       },
       [](Setting& s) { (void)s.rig.consent.finish(s.callback); }},
      {"consent again",
       [](Setting& s) {
         s.rig.provider->rules.refreshTokenOnlyOnFirstConsent = true;
         s.rig.provider->abilities.revokesAccount = true;
         s.rig.connect();
         s.rig.clock.advance(60s);
         s.link = s.rig.begin();
         s.callback = s.rig.callback(s.link);
       },
       [](Setting& s) { (void)s.rig.consent.finish(s.callback); }},
      {"consent of another account",
       [](Setting& s) {
         s.link = s.rig.begin();
         s.callback = s.rig.callback(s.link, mallory());
       },
       [](Setting& s) { (void)s.rig.consent.finish(s.callback); }},
      {"consent to be confirmed",
       [](Setting& s) {
         s.rig.provider->configuration.identity = IdentityPolicy::Confirm;
         s.link = s.rig.begin();
         s.callback = s.rig.callback(s.link);
       },
       [](Setting& s) { (void)s.rig.consent.finish(s.callback); }},
      {"confirmation",
       [](Setting& s) {
         s.rig.provider->configuration.identity = IdentityPolicy::Confirm;
         s.link = s.rig.begin();
         s.code = s.rig.consent.finish(s.rig.callback(s.link)).confirmationCode;
       },
       [](Setting& s) { (void)s.rig.consent.confirm(s.link.sessionId, s.code, s.rig.caller, "r"); }},
      {"last wrong confirmation",
       [](Setting& s) {
         s.rig.provider->configuration.identity = IdentityPolicy::Confirm;
         s.link = s.rig.begin();
         (void)s.rig.consent.finish(s.rig.callback(s.link));
         for (int i = 0; i < 4; ++i)
           (void)s.rig.consent.confirm(s.link.sessionId, "WRONG", s.rig.caller, "r");
       },
       [](Setting& s) { (void)s.rig.consent.confirm(s.link.sessionId, "WRONG", s.rig.caller, "r"); }},
      {"consent on a device",
       [](Setting& s) {
         const auto begun = beginOnDevice(s);
         s.rig.provider->approveDevice(begun.userCode, alice());
       },
       pollDevices},
      {"consent of another account on a device",
       [](Setting& s) {
         const auto begun = beginOnDevice(s);
         s.rig.provider->approveDevice(begun.userCode, mallory());
       },
       pollDevices},
      {"beginning on a device", [](Setting& s) { onDevices(s); },
       [](Setting& s) {
         (void)s.devices->begin({"fake", kAlice, {}, {}, "r"}, s.rig.caller);
       }},
      {"read", [](Setting& s) { s.rig.connect(); },
       [](Setting& s) { (void)s.service->token(BrokerRig::wish()); }},
      {"refresh", connectAndExpire, [](Setting& s) { (void)s.service->token(BrokerRig::wish()); }},
      {"refresh without rotation",
       [](Setting& s) {
         s.rig.provider->rules.rotates = false;
         connectAndExpire(s);
       },
       [](Setting& s) { (void)s.service->token(BrokerRig::wish()); }},
      {"refresh of a dead grant",
       [](Setting& s) {
         connectAndExpire(s);
         s.rig.provider->removeAccess("subject-alice");
       },
       [](Setting& s) { (void)s.service->token(BrokerRig::wish()); }},
      {"refresh of an account's only grant",
       [](Setting& s) {
         s.rig.provider->rules.perAccount = true;
         connectAndExpire(s);
       },
       [](Setting& s) { (void)s.service->token(BrokerRig::wish()); }},
      {"renewal by the schedule",
       [](Setting& s) {
         s.scheduled = std::make_unique<ScheduledReplica>(s.rig, "scheduled");
         s.rig.connect();
         s.rig.clock.advance(3300s);
       },
       [](Setting& s) { (void)s.scheduled->schedule.round(); }},
      {"first look of the schedule, and a read that is noted",
       [](Setting& s) {
         s.rig.provider->configuration.refresh.proactive = Proactive::Active;
         s.scheduled = std::make_unique<ScheduledReplica>(s.rig, "scheduled");
         s.rig.connect();
         s.rig.clock.advance(1800s);
       },
       [](Setting& s) {
         (void)s.scheduled->tokens.token(BrokerRig::wish());
         (void)s.scheduled->schedule.round();
       }},
      {"revocation", [](Setting& s) { s.rig.connect(); },
       [](Setting& s) { (void)s.rig.revoke.revoke("fake", kAlice, "key", "r"); }},
  };
  return all;
}

/// What the gateway does by itself once everything is back: the rounds of housekeeping, over more than a
/// flow's life.
void recover(Setting& setting) {
  setting.rig.storage.failCall(0);
  for (const auto call : {Call::Exchange, Call::Refresh, Call::Revoke, Call::Identify, Call::PollDevice})
    setting.rig.provider->recover(call);
  EXPECT_TRUE(setting.service->drain(20s));
  EXPECT_TRUE(!setting.scheduled || setting.scheduled->tokens.drain(20s));
  for (const auto pause : {20s, 900s, 3600s}) {
    setting.rig.clock.advance(pause);
    if (setting.devices) {
      EXPECT_TRUE(setting.devices->poll().ok());
      EXPECT_TRUE(setting.devices->drain(20s));
    }
    EXPECT_TRUE(setting.rig.consent.expire().ok());
    EXPECT_TRUE(setting.rig.revoke.retryPending().ok());
  }
}

/// The law: what the provider holds alive is what the vault holds, or the grant says that consent is needed,
/// or there is nothing on either side. And a read agrees.
void expectInStep(Setting& setting) {
  auto& rig = setting.rig;
  const auto grant = rig.row();
  const auto living = rig.provider->livingPairs();
  const auto read = BrokerRig::textOf(setting.service->token(BrokerRig::wish()));
  if (!grant) {
    EXPECT_TRUE(living.empty() || setting.orphan);
    EXPECT_EQ(read, "error not_authenticated");
  } else if (read.starts_with("error")) {
    EXPECT_EQ(read, "error refresh_failed");
    EXPECT_EQ(rig.row()->status, GrantStatus::NeedsConsent);
  } else {
    ASSERT_EQ(rig.provider->livingPairs().size(), setting.orphan ? 2U : 1U);
    EXPECT_EQ(rig.provider->livingPairs().front(), rig.stored());
    EXPECT_EQ(read, rig.stored().access);
  }
  EXPECT_EQ(rig.queuedRevocations(), 0U);
  for (const auto& line : rig.log.lines()) EXPECT_EQ(line.find("CANARY"), std::string::npos) << line;
}

class Faults : public testing::TestWithParam<int> {
 protected:
  [[nodiscard]] const Case& operation() const { return operations()[static_cast<std::size_t>(GetParam())]; }
  std::unique_ptr<Setting> prepared() const {
    auto setting = std::make_unique<Setting>();
    setting->service = setting->rig.replica();
    operation().prepare(*setting);
    return setting;
  }
};

TEST_P(Faults, NthStorageCallFails_NothingIsHalfDone) {
  for (const auto when : {When::Before, When::After}) {
    bool hit = true;
    for (int call = 1; hit; ++call) {
      ASSERT_LT(call, 100);
      SCOPED_TRACE(std::string(operation().name) + ", storage call " + std::to_string(call) +
                   (when == When::Before ? " not carried out" : " with its answer lost"));
      auto setting = prepared();
      setting->rig.storage.failCall(call, when);
      operation().run(*setting);
      EXPECT_TRUE(setting->service->drain(20s));
      hit = setting->rig.storage.failed();
      recover(*setting);
      expectInStep(*setting);
    }
  }
}

TEST_P(Faults, StoreGoesAwayAtTheNthCallAndComesBack_NothingIsHalfDone) {
  bool hit = true;
  for (int call = 1; hit; ++call) {
    ASSERT_LT(call, 100);
    SCOPED_TRACE(std::string(operation().name) + ", store away from call " + std::to_string(call));
    auto setting = prepared();
    setting->rig.storage.failFrom(call);
    operation().run(*setting);
    hit = setting->rig.storage.failed();
    recover(*setting);
    expectInStep(*setting);
  }
}

TEST_P(Faults, ProviderCallFails_NothingIsHalfDone) {
  for (const auto call : {Call::Exchange, Call::Refresh, Call::Revoke, Call::Identify, Call::PollDevice}) {
    for (const auto when : {FakeProvider::When::Before, FakeProvider::When::After}) {
      for (const auto& error :
           {timedOut(), notReached(), Error{.kind = ErrorKind::Malformed, .message = "odd"},
            Error{.kind = ErrorKind::BadClient, .message = "odd"}}) {
        SCOPED_TRACE(std::string(operation().name) + ", provider call " +
                     std::to_string(static_cast<int>(call)) +
                     (when == FakeProvider::When::Before ? " without effect, " : " with its answer lost, ") +
                     toString(error.kind));
        auto setting = prepared();
        const auto families = setting->rig.provider->families();
        const int calls = setting->rig.provider->calls(call);
        setting->rig.provider->failNext(call, error, when);
        operation().run(*setting);
        const bool first = call == Call::Exchange || call == Call::PollDevice;
        const bool lost = first && when == FakeProvider::When::After;
        setting->orphan = lost && setting->rig.provider->calls(call) > calls &&
                          setting->rig.provider->families() > families;
        recover(*setting);
        expectInStep(*setting);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Broker, Faults, testing::Range(0, static_cast<int>(operations().size())));

}  // namespace
}  // namespace agw::test
