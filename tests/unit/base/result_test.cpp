#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace agw {
namespace {

Result<std::string> half(int number) {
  if (number % 2 != 0) return Error{.kind = ErrorKind::InvalidRequest, .message = "odd"};
  return std::to_string(number / 2);
}

TEST(Result, Success_HoldsItsValue) {
  const auto answer = half(4);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "2");
  EXPECT_EQ(answer->size(), 1U);
}

TEST(Result, Failure_HoldsItsError) {
  const auto answer = half(3);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().kind, ErrorKind::InvalidRequest);
  EXPECT_EQ(answer.error().message, "odd");
}

TEST(Result, MoveOnlyValue_CanBeTakenOut) {
  Result<std::unique_ptr<int>> answer(std::make_unique<int>(7));
  const std::unique_ptr<int> taken = *std::move(answer);
  EXPECT_EQ(*taken, 7);
}

TEST(Result, ErrorAsValueType_StillTellsTheSidesApart) {
  const Result<bool> no = false;
  EXPECT_TRUE(no.ok());
  EXPECT_FALSE(*no);
}

TEST(ResultOfNothing, SuccessAndFailure) {
  const Result<void> done;
  EXPECT_TRUE(done);
  Result<void> failed = Error{.kind = ErrorKind::Conflict, .message = "later"};
  ASSERT_FALSE(failed);
  EXPECT_EQ(std::move(failed).error().message, "later");
}

TEST(Error, KindsHaveTheirOwnNames) {
  std::set<std::string> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::Bug); ++kind) {
    names.insert(toString(static_cast<ErrorKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::Bug) + 1);
}

TEST(Error, OnlyWaitingKinds_AreTemporary) {
  for (const auto kind : {ErrorKind::RateLimited, ErrorKind::Transient, ErrorKind::Malformed}) {
    EXPECT_TRUE(isTemporary(kind)) << toString(kind);
  }
  for (const auto kind : {ErrorKind::GrantDead, ErrorKind::Denied, ErrorKind::BadClient, ErrorKind::BadOption,
                          ErrorKind::Integrity, ErrorKind::Bug, ErrorKind::Conflict, ErrorKind::NotFound}) {
    EXPECT_FALSE(isTemporary(kind)) << toString(kind);
  }
}

#ifndef NDEBUG
TEST(ResultDeathTest, ReadingTheWrongSide_Asserts) {
  const auto answer = half(3);
  EXPECT_DEATH(static_cast<void>(*answer), "other side");
}
#endif

}  // namespace
}  // namespace agw
