// Thousands of interleavings of several replicas over one storage, each chosen by a number that replays it:
// threats G1-G5, F6, H1; the laws are those of broker/tokens.hpp.

#include <gtest/gtest.h>

#include <sched.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "races/mutants.hpp"
#include "races/world.hpp"

namespace agw::test {
namespace {

/// Interleavings of each kind in the short form.
constexpr std::uint64_t kSeeds = 150;

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// One actor runs at a time: on one processor they hand it over many times faster.
class OneProcessor : public testing::Environment {
 public:
  void SetUp() override {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &only);
    (void)sched_setaffinity(0, sizeof only, &only);  // refused: slower
  }
};
const auto* const kOneProcessor = testing::AddGlobalTestEnvironment(new OneProcessor);

struct Kind {
  const char* name;
  Hardship hardship;
  Rotation rotation;
};

const Kind kKinds[] = {
    {"CalmEndsFamily", Hardship::None, Rotation::EndsFamily},
    {"CalmWithoutRotation", Hardship::None, Rotation::None},
    {"PausesEndsFamily", Hardship::Pauses, Rotation::EndsFamily},
    {"PausesRefused", Hardship::Pauses, Rotation::Refused},
    {"PausesGrace", Hardship::Pauses, Rotation::Grace},
    {"CrashesEndsFamily", Hardship::Crashes, Rotation::EndsFamily},
    {"CrashesGrace", Hardship::Crashes, Rotation::Grace},
    {"FaultsEndsFamily", Hardship::Faults, Rotation::EndsFamily},
    {"FaultsGrace", Hardship::Faults, Rotation::Grace},
    {"FaultsWithoutRotation", Hardship::Faults, Rotation::None},
};

class Races : public testing::TestWithParam<Kind> {
 protected:
  static Plan plan(std::uint64_t seed) {
    return {.seed = seed, .hardship = GetParam().hardship, .rotation = GetParam().rotation};
  }
};

TEST_P(Races, EveryInterleaving_KeepsTheLaws) {
  const auto only = number("AGW_RACE_SEED", 0);
  const auto seeds = only ? only : number("AGW_RACE_SEEDS", kSeeds);
  for (std::uint64_t seed = only ? only : 1; seed <= seeds; ++seed) {
    World world(plan(seed));
    world.run();
    if (only) std::cout << world.story();
    for (const auto& violation : world.violations()) {
      ADD_FAILURE() << violation << "\nreplay: AGW_RACE_SEED=" << seed << " with this test alone ("
                    << GetParam().name << ")";
    }
    if (HasFailure()) return;
  }
}

TEST_P(Races, SameSeed_SameInterleaving) {
  World first(plan(7));
  World second(plan(7));
  first.run();
  second.run();
  EXPECT_EQ(first.story(), second.story());
}

INSTANTIATE_TEST_SUITE_P(Replicas, Races, testing::ValuesIn(kKinds),
                         [](const auto& kind) { return kind.param.name; });

/// The first seed of the short form whose run breaks a law; 0 when none does.
std::uint64_t firstViolation(Plan plan) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    plan.seed = seed;
    World world(plan);
    world.run();
    if (world.violations().empty()) continue;
    std::cout << "found by seed " << seed << ": " << world.violations().front() << '\n';
    return seed;
  }
  return 0;
}

template <class Mutant>
std::uint64_t firstViolation(Hardship hardship, Rotation rotation) {
  return firstViolation({.hardship = hardship, .rotation = rotation, .spoil = [](Storage& inner) {
                           return std::unique_ptr<Storage>(std::make_unique<Mutant>(inner));
                         }});
}
std::uint64_t firstViolation(SteppedStorage::Hearing hearing) {
  return firstViolation({.hearing = hearing});
}

// The guards, each taken out: the short form finds it.
TEST(RaceMutants, WithoutLease_IsFound) {
  EXPECT_NE(firstViolation<NoLease>(Hardship::None, Rotation::EndsFamily), 0U);
}
TEST(RaceMutants, WithoutFence_IsFound) {
  EXPECT_NE(firstViolation<NoFence>(Hardship::Pauses, Rotation::Grace), 0U);
}
TEST(RaceMutants, WithoutVersionCheck_IsFound) {
  EXPECT_NE(firstViolation<NoVersionCheck>(Hardship::Faults, Rotation::EndsFamily), 0U);
}
TEST(RaceMutants, WithoutSecondLook_IsFound) {
  EXPECT_NE(firstViolation<NoSecondLook>(Hardship::Pauses, Rotation::Refused), 0U);
}
TEST(RaceMutants, ReleaseWithoutOwner_IsFound) {
  EXPECT_NE(firstViolation<ReleaseWithoutOwner>(Hardship::Pauses, Rotation::Refused), 0U);
}
TEST(RaceMutants, CopiesThatOutliveTheReplicasOwnWrites_AreFound) {
  EXPECT_NE(firstViolation(SteppedStorage::Hearing::NotItsOwn), 0U);
}
TEST(RaceMutants, CopiesThatOutliveOthersWrites_AreFound) {
  EXPECT_NE(firstViolation(SteppedStorage::Hearing::NotOthers), 0U);
}
TEST(RaceMutants, RowReadBeforeAWriteAndKeptAfterIt_IsFound) {
  EXPECT_NE(firstViolation(SteppedStorage::Hearing::NotWhileItReads), 0U);
}

}  // namespace
}  // namespace agw::test
