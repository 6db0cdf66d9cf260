#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

/// The databases: two storage objects on the same data, as two processes have them.
class Processes : public StorageContract {
 protected:
  void SetUp() override {
    StorageContract::SetUp();
    if (!HasFatalFailure())
      second_ = openAgain(GetParam() == Backend::Sqlite ? Access::Command : Access::Service);
  }
  std::unique_ptr<Storage> second_;
};
INSTANTIATE_TEST_SUITE_P(Every, Processes, testing::Values(Backend::Sqlite, Backend::Postgres), backendName);

TEST_P(Processes, Write_InOne_IsReadByTheOther) {
  const Grant grant = stored();
  EXPECT_EQ(describe(**second_->findGrantById(grant.id)), describe(grant));
  ASSERT_TRUE(succeeds(second_->revokeGrant(grant.id, 1, aRevocation())));
  EXPECT_FALSE(storage().findGrantById(grant.id)->has_value());
}

TEST_P(Processes, Data_OutlivesTheObject) {
  const Grant grant = stored();
  second_.reset();
  storage_.reset();
  storage_ = openAgain(Access::Service);
  EXPECT_EQ(describe(read(grant.id)), describe(grant));
}

TEST_P(Processes, Lease_AcrossProcesses_GoesToOne) {
  const Grant grant = stored();
  std::atomic<int> got{0};
  together(16, [&](int i) {
    Storage& mine = i % 2 == 0 ? storage() : *second_;
    if (mine.acquireLease(grant.id, "worker-" + std::to_string(i), 1h).ok()) ++got;
  });
  EXPECT_EQ(got, 1);
}

TEST_P(Processes, Writes_FromBothAtOnce_AllSucceed) {
  std::atomic<int> failures{0};
  together(6, [&](int i) {
    Storage& mine = i % 2 == 0 ? storage() : *second_;
    for (int round = 0; round < 20; ++round) {
      const std::string id = std::to_string(i) + "-" + std::to_string(round);
      if (!mine.putGrant(aGrant(id, id + "@company.com"), 0).ok()) ++failures;
      if (!mine.findGrantById(id).ok()) ++failures;
    }
  });
  EXPECT_EQ(failures, 0);
}

}  // namespace
}  // namespace agw::test
