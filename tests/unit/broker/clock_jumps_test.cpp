// G8: the clock of the machine is set while the gateway runs.
#include <gtest/gtest.h>

#include "support/broker_rig.hpp"

namespace agw::test {
namespace {

using Call = FakeProvider::Call;

class ClockJumps : public testing::Test {
 protected:
  std::string read() {
    const auto text = BrokerRig::textOf(service->token(BrokerRig::wish()));
    EXPECT_TRUE(service->drain(5s));
    return text;
  }
  int refreshes() { return rig.provider->calls(Call::Refresh); }

  BrokerRig rig;
  std::unique_ptr<TokenService> service = rig.replica();
};

// Law 1: the end of such a token was counted from a moment that had not come.
TEST_F(ClockJumps, BackAfterARenewal_TokenIsServedAndRenewedBehindTheAnswer) {
  rig.connect();
  const auto first = rig.stored();
  rig.clock.advance(-3600s);
  EXPECT_EQ(read(), first.access);
  EXPECT_EQ(refreshes(), 1);
  EXPECT_LE(rig.row()->tokens.issuedAt, rig.clock.now());
  for (int reads = 0; reads < 5; ++reads) EXPECT_EQ(read(), rig.stored().access);
  EXPECT_EQ(refreshes(), 1) << "once is enough";
}

// The clocks of two replicas are never quite the same.
TEST_F(ClockJumps, BackBySeconds_NothingHappens) {
  rig.connect();
  rig.clock.advance(-30s);
  EXPECT_EQ(read(), rig.stored().access);
  EXPECT_EQ(refreshes(), 0);
}

// A pause that ends in an hour, because it began in an hour, is none.
TEST_F(ClockJumps, BackAfterAFailure_TheProviderIsAskedAtOnce) {
  rig.connect();
  rig.clock.advance(7200s);
  rig.provider->failNext(Call::Refresh, timedOut());
  EXPECT_EQ(read(), "error provider_unavailable");
  EXPECT_EQ(read(), "error provider_unavailable");
  ASSERT_EQ(refreshes(), 1) << "the provider is left alone for a moment";
  rig.clock.advance(-3500s);  // the token is over by this clock, too
  const auto served = read();
  EXPECT_EQ(served, rig.stored().access);
  EXPECT_EQ(refreshes(), 2);
}

}  // namespace
}  // namespace agw::test
