#include "app/gauges.hpp"

#include <gtest/gtest.h>

#include "storage/open.hpp"
#include "support/fake_provider.hpp"
#include "support/fakes.hpp"
#include "support/faulty_storage.hpp"
#include "support/recorded_metrics.hpp"

namespace agw {
namespace {

using namespace std::chrono_literals;

class TwoProviders final : public ProviderDirectory {
 public:
  Result<std::shared_ptr<Provider>> find(const std::string& id) const override {
    if (id != "works") return Error{.kind = ErrorKind::NotFound, .message = "none is asked for"};
    return std::shared_ptr<Provider>(works);
  }
  std::vector<ProviderStatus> list() const override {
    std::vector<ProviderStatus> all(2);
    all[0].id = "works";
    all[0].state = LoadState::Ready;
    all[1].id = "broken";
    return all;
  }
  std::shared_ptr<test::FakeProvider> works = std::make_shared<test::FakeProvider>("works");
};

class GaugesTest : public testing::Test {
 protected:
  test::FakeClock clock;
  std::unique_ptr<Storage> memory = makeMemoryStorage(clock);
  test::FaultyStorage storage{*memory};
  test::RecordedMetrics metrics;
  TwoProviders providers;
  bool encryptionWorks = true;
  Gauges gauges{{.metrics = metrics,
                 .storage = storage,
                 .clock = clock,
                 .providers = providers,
                 .encryptionWorks = [this] { return encryptionWorks; }}};

  void grant(const std::string& id, GrantStatus status) {
    Grant grant;
    grant.id = id;
    grant.profile = id + "@x.com";
    grant.provider = "works";
    grant.tokens.refreshToken = "sealed";
    grant.tokens.issuedAt = clock.now() - 90h;
    grant.tokens.refreshExpiresAt = clock.now() + 10h;
    grant.status = status;
    ASSERT_TRUE(memory->putGrant(grant, 0).ok());
  }
  [[nodiscard]] double grants(const char* state) const {
    return metrics.value("auth_gateway_grants", {{"provider", "works"}, {"state", state}});
  }
  [[nodiscard]] double due() const {
    return metrics.value("auth_gateway_renewals_due", {{"provider", "works"}});
  }
  [[nodiscard]] double ending() const {
    return metrics.value("auth_gateway_grants_ending", {{"provider", "works"}, {"within", "7d"}});
  }
};

TEST_F(GaugesTest, PartsThatFail_AreShownAsDown) {
  gauges.refresh();
  EXPECT_EQ(metrics.value("auth_gateway_database_up"), 1);
  EXPECT_EQ(metrics.value("auth_gateway_encryption_up"), 1);
  EXPECT_EQ(metrics.value("auth_gateway_cache_listening"), 1);
  EXPECT_EQ(metrics.value("auth_gateway_provider_up", {{"provider", "works"}}), 1);
  EXPECT_EQ(metrics.value("auth_gateway_provider_up", {{"provider", "broken"}}), 0);
  storage.failAll();
  encryptionWorks = false;
  gauges.refresh();
  EXPECT_EQ(metrics.value("auth_gateway_database_up"), 0);
  EXPECT_EQ(metrics.value("auth_gateway_encryption_up"), 0);
}

TEST_F(GaugesTest, Grants_AreShownByStateAndTheLastCountStaysWhileTheDatabaseIsAway) {
  grant("a", GrantStatus::Active);
  grant("b", GrantStatus::Active);
  grant("c", GrantStatus::NeedsConsent);
  gauges.countGrants();
  EXPECT_EQ(grants("active"), 2);
  EXPECT_EQ(grants("needs_consent"), 1);
  EXPECT_EQ(ending(), 2);
  storage.failAll();
  gauges.countGrants();
  EXPECT_EQ(grants("active"), 2);
}

TEST_F(GaugesTest, RenewalsThatAreDue_AreShownForEntriesThatRenewByThemselves) {
  grant("a", GrantStatus::Active);
  grant("b", GrantStatus::NeedsConsent);
  gauges.countGrants();
  EXPECT_EQ(due(), 1);
  providers.works->configuration.refresh.proactive = Proactive::Off;
  gauges.countGrants();
  EXPECT_EQ(due(), 0);
}

TEST_F(GaugesTest, LastGrantGone_IsShownAsNone) {
  grant("a", GrantStatus::Active);
  gauges.countGrants();
  PendingRevocation revocation;
  revocation.id = "r";
  revocation.provider = "works";
  ASSERT_TRUE(memory->revokeGrant("a", 1, revocation).ok());
  gauges.countGrants();
  EXPECT_EQ(grants("active"), 0);
  EXPECT_EQ(ending(), 0);
}

}  // namespace
}  // namespace agw
