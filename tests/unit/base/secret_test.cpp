#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <array>
#include <new>
#include <ostream>
#include <type_traits>

namespace agw {
namespace {

// Long enough to live on the heap.
const std::string kText = "CANARY-0123456789abcdef0123456789abcdef";

template <class T>
concept Streamable = requires(std::ostream& out, const T& value) { out << value; };

TEST(Secret, HasNoWayOutButReveal) {
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string>));
  EXPECT_FALSE((std::is_convertible_v<Secret, std::string_view>));
  EXPECT_FALSE(Streamable<Secret>);
  EXPECT_FALSE((std::is_convertible_v<std::string, Secret>));
  EXPECT_EQ(Secret(kText).reveal(), kText);
}

TEST(Secret, Moved_LeavesNothingBehind) {
  for (const std::string& text : {kText, std::string("short")}) {
    Secret from(text);
    const Secret to(std::move(from));
    EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the promise under test
    EXPECT_EQ(to.reveal(), text);
  }
}

TEST(Secret, Assigned_TakesTheNewText) {
  Secret secret(kText);
  const Secret other(std::string("other"));
  secret = other;
  EXPECT_EQ(secret, other);
  secret = Secret(kText);
  EXPECT_EQ(secret.reveal(), kText);
}

TEST(Secret, AssignedToItself_KeepsItsText) {
  Secret secret(kText);
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), kText);
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), kText);
}

// A Secret built in storage that outlives it: what its end leaves there can be read lawfully.
TEST(Secret, Destroyed_ItsShortTextIsOverwritten) {
  alignas(Secret) std::array<char, sizeof(Secret)> storage{};
  auto* secret = new (storage.data()) Secret(std::string("CANARY-12345"));
  const std::string_view before(storage.data(), storage.size());
  ASSERT_NE(before.find("CANARY"), before.npos) << "this library keeps short texts elsewhere";
  secret->~Secret();
  EXPECT_EQ(std::string_view(storage.data(), storage.size()).find("CANARY"), std::string_view::npos);
}

TEST(Wipe, UnusedCapacity_IsOverwrittenToo) {
  std::string text = kText;
  text.resize(4);
  const char* buffer = text.data();
  wipe(text);
  ASSERT_EQ(text.data(), buffer);
  EXPECT_TRUE(text.empty());
  text.resize(text.capacity(), 'x');
  EXPECT_EQ(text.find("CANARY"), text.npos);
}

TEST(Wipe, LongText_LeavesZerosInItsBuffer) {
  std::string text = kText;
  const std::size_t capacity = text.capacity();
  wipe(text);
  EXPECT_EQ(text.capacity(), capacity) << "the buffer was given back before it was overwritten";
}

TEST(EqualInConstantTime, OnlyTheSameOctets) {
  EXPECT_TRUE(equalInConstantTime("", ""));
  EXPECT_TRUE(equalInConstantTime("abc", "abc"));
  EXPECT_FALSE(equalInConstantTime("abc", "abd"));
  EXPECT_FALSE(equalInConstantTime("abc", "xbc"));
  EXPECT_FALSE(equalInConstantTime("abc", "ab"));
  EXPECT_FALSE(equalInConstantTime("abc", std::string("abc\0", 4)));
  EXPECT_FALSE(Secret(kText) == Secret(kText + "x"));
}

}  // namespace
}  // namespace agw
