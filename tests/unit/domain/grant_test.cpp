#include "domain/grant.hpp"

#include <gtest/gtest.h>

namespace agw {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow = fromMillis(1'700'000'000'000);

SealedTokens endsIn(std::chrono::seconds life) {
  SealedTokens tokens;
  tokens.issuedAt = kNow;
  tokens.accessExpiresAt = kNow + life;
  return tokens;
}

TEST(LivesFor, ExactlyTheAskedLife_IsEnough) {
  EXPECT_TRUE(livesFor(endsIn(60s), kNow, 60s));
}
TEST(LivesFor, OneSecondLess_IsNotEnough) {
  EXPECT_FALSE(livesFor(endsIn(59s), kNow, 60s));
}
TEST(LivesFor, TokenWithoutEnd_AlwaysLives) {
  EXPECT_TRUE(livesFor(SealedTokens{}, kNow, 1000h));
}

TEST(RefreshDueAt, LongToken_IsDueABufferBeforeItsEnd) {
  EXPECT_EQ(refreshDueAt(endsIn(3600s), 300s), kNow + 3300s);
}
TEST(RefreshDueAt, TokenShorterThanTheBuffer_IsDueAfterHalfItsLife) {
  EXPECT_EQ(refreshDueAt(endsIn(60s), 300s), kNow + 30s);
}
TEST(RefreshDueAt, TokenWithoutEnd_IsNeverDue) {
  EXPECT_FALSE(refreshDueAt(SealedTokens{}, 300s));
}

TEST(FirstLookAt, IsHalfOfTheLife_OrADay) {
  EXPECT_EQ(firstLookAt(endsIn(3600s)), kNow + 1800s);
  SealedTokens endless;
  endless.issuedAt = kNow;
  EXPECT_EQ(firstLookAt(endless), kNow + 24h);
}

TEST(KeepAliveAt, RefreshToken_IsUsedAfterThreeQuartersOfTheShorterLife) {
  auto tokens = endsIn(3600s);
  tokens.refreshToken = "sealed";
  EXPECT_FALSE(keepAliveAt(tokens, {}));
  EXPECT_EQ(keepAliveAt(tokens, {.idleTtl = 100h}), kNow + 75h);
  tokens.refreshExpiresAt = kNow + 40h;
  EXPECT_EQ(keepAliveAt(tokens, {.idleTtl = 100h}), kNow + 30h);
  EXPECT_EQ(keepAliveAt(tokens, {}), kNow + 30h);
}
TEST(KeepAliveAt, AccessTokenThatRenewsItself_IsWhatIsKept) {
  EXPECT_EQ(keepAliveAt(endsIn(4000s), {.idleTtl = {}, .renewBefore = 1h}), kNow + 3000s);
  EXPECT_FALSE(keepAliveAt(endsIn(4000s), {.idleTtl = 100h})) << "nothing renews it";
}

TEST(Backoff, GrowsAndStaysBelowFiveMinutes) {
  EXPECT_EQ(backoff(0, 0.999, 0s), 1s);
  EXPECT_LE(backoff(3, 0.999, 0s), 8s);
  EXPECT_GT(backoff(3, 0.0, 0s), 3s);
  EXPECT_LE(backoff(1000, 0.999, 0s), 300s);
}
TEST(Backoff, LongerRetryAfter_Wins) {
  EXPECT_EQ(backoff(1, 0.5, 900s), 900s);
}

class CanonicalEmailRefuses : public testing::TestWithParam<std::string> {};
TEST_P(CanonicalEmailRefuses, WhatIsNotAnAddress) {
  EXPECT_FALSE(canonicalEmail(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(Addresses, CanonicalEmailRefuses,
                         testing::Values("", "@x.com", "a@", "a@b", "a@.com", "a@b.c", "a@b.c0m", "a b@x.com",
                                         "a@@x.com", "a@x.com\n", "a'@x.com", std::string("a\0@x.com", 8),
                                         "\xC3\xA4@x.com", std::string(250, 'a') + "@x.com"));

TEST(CanonicalEmail, Capitals_AreFolded) {
  EXPECT_EQ(canonicalEmail("Alice+Tag@X.Com"), "alice+tag@x.com");
}
TEST(MaskedEmail, KeepsFirstLetterAndDomain) {
  EXPECT_EQ(maskedEmail("alice@x.com"), "a***@x.com");
  EXPECT_EQ(maskedEmail("\xc3\xa9mile@x.com"), "***@x.com") << "no half letters";
}
TEST(MissingScopes, NamesThemInTheOrderAsked) {
  EXPECT_EQ(missingScopes({"c", "a", "b"}, {"a"}), (Scopes{"c", "b"}));
}

}  // namespace
}  // namespace agw
