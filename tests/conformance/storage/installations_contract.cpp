#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Installations : public StorageContract {
 protected:
  Installation anInstallation(const std::string& id = "i1", const std::string& org = "org-1",
                              const std::string& consent = "consent-1") const {
    Installation row;
    row.id = id;
    row.provider = "example";
    row.orgId = org;
    row.orgName = "Organisation " + org;
    row.installationId = "at-provider-" + id;
    row.consentId = consent;
    row.kinds = {"bot", "user"};
    row.scopes = {"read", "write"};
    row.permissions = {{"contents", "read"}};
    row.metadata = {{"app", "A01"}, {"nested", {{"number", 7}}}};
    row.installedBy = "key-1";
    row.createdAt = clock.now();
    row.updatedAt = clock.now();
    return row;
  }
  Grant tokenOf(const std::string& id, const std::string& consent, const std::string& kind) const {
    return aGrant(id, installationOwner(consent, kind));
  }
  /// An installation with two tokens, as it is stored.
  Installation put(const std::string& id = "i1", const std::string& org = "org-1",
                   const std::string& consent = "consent-1") {
    const auto stored = storage().putInstallations(
        {tokenOf(id + "-bot", consent, "bot"), tokenOf(id + "-user", consent, "user")},
        {anInstallation(id, org, consent)});
    EXPECT_TRUE(succeeds(stored));
    return stored.ok() ? stored->front() : Installation{};
  }
  Installation read(const std::string& id) {
    const auto found = storage().findInstallation(id);
    if (!found.ok() || !*found) {
      ADD_FAILURE() << "no installation " << id;
      return {};
    }
    return **found;
  }
  bool hasGrant(const std::string& id) { return storage().findGrantById(id)->has_value(); }
  InstallationEnd endOf(const Installation& row, const std::vector<std::string>& grants) {
    InstallationEnd end{
        .id = row.id, .seen = row.version, .at = clock.now(), .grants = {}, .uninstalled = {}};
    for (const auto& id : grants) end.grants.push_back({id, 1, aRevocation("revocation-of-" + id)});
    return end;
  }
  std::vector<std::string> queued() {
    std::vector<std::string> ids;
    const auto claimed = storage().claimRevocations(clock.now() + 1h, 0s, 100);
    for (const auto& row : *claimed) ids.push_back(row.id);
    return ids;
  }
  std::string page(const InstallationFilter& filter) {
    std::string ids;
    const auto rows = storage().listInstallations(filter);
    for (const auto& row : *rows) ids += row.id + " ";
    return ids;
  }
};
AGW_FOR_EVERY_STORAGE(Installations);

TEST_P(Installations, Put_ReadsBackWithEveryField) {
  auto row = anInstallation();
  const auto stored = storage().putInstallations({tokenOf("g1", "consent-1", "bot")}, {row});
  ASSERT_TRUE(succeeds(stored));
  row.version = 1;
  EXPECT_EQ(describe(stored->front()), describe(row));
  row.tokenExpiresAt = clock.now() + 1h;
  EXPECT_EQ(describe(read("i1")), describe(row));
  EXPECT_EQ(describe(**storage().findLivingInstallation("example", "org-1")), describe(row));
  EXPECT_EQ(describe(**storage().findLivingInstallationById("example", "at-provider-i1")), describe(row));
}

TEST_P(Installations, Find_NothingThere_IsAbsentAndNoError) {
  put();
  EXPECT_FALSE(storage().findInstallation("absent")->has_value());
  EXPECT_FALSE(storage().findLivingInstallation("example", "absent")->has_value());
  EXPECT_FALSE(storage().findLivingInstallation("other", "org-1")->has_value());
  EXPECT_FALSE(storage().findLivingInstallationById("example", "absent")->has_value());
  auto unnamed = anInstallation("i2", "org-2", "consent-2");
  unnamed.installationId.clear();
  ASSERT_TRUE(succeeds(storage().putInstallations({}, {unnamed})));
  EXPECT_FALSE(storage().findLivingInstallationById("example", "")->has_value());
}

TEST_P(Installations, Put_SameOrganisationAgain_KeepsIdAndReplacesTheRest) {
  const auto first = put();
  clock.advance(1h);
  const auto second = put("i2", "org-1", "consent-2");
  EXPECT_EQ(second.id, "i1");
  EXPECT_EQ(second.createdAt, first.createdAt);
  EXPECT_EQ(second.updatedAt, clock.now());
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(second.installationId, "at-provider-i2");
  EXPECT_FALSE(storage().findInstallation("i2")->has_value());
}

TEST_P(Installations, Put_AnotherConsent_DeletesTheTokensNobodyNeedsAndTellsNobody) {
  put("i1", "org-1", "consent-1");
  put("i2", "org-1", "consent-2");
  EXPECT_FALSE(hasGrant("i1-bot"));
  EXPECT_FALSE(hasGrant("i1-user"));
  EXPECT_TRUE(hasGrant("i2-bot"));
  EXPECT_TRUE(queued().empty());
}

TEST_P(Installations, Put_ConsentOfSeveralOrganisations_KeepsItsTokensWhileOneNeedsThem) {
  ASSERT_TRUE(succeeds(storage().putInstallations(
      {tokenOf("g1", "consent-1", "")}, {anInstallation("i1", "org-1"), anInstallation("i2", "org-2")})));
  put("i3", "org-1", "consent-2");
  EXPECT_TRUE(hasGrant("g1")) << "org-2 needs it";
  put("i4", "org-2", "consent-3");
  EXPECT_FALSE(hasGrant("g1"));
  EXPECT_EQ(read("i1").consentId + read("i2").consentId, "consent-2consent-3");
}

TEST_P(Installations, Put_SimilarOwnersOfAnotherConsentOrProvider_AreLeftAlone) {
  stored(aGrant("g-longer", "installation:consent-10"));
  stored(aGrant("g-other", "installation:consent-1/bot", "other"));
  put("i1", "org-1", "consent-1");
  put("i2", "org-1", "consent-2");
  EXPECT_TRUE(hasGrant("g-longer"));
  EXPECT_TRUE(hasGrant("g-other"));
}

TEST_P(Installations, Put_GrantThereAlready_IsConflictAndNothingIsStored) {
  stored(tokenOf("g1", "consent-1", "bot"));
  EXPECT_TRUE(failsWith(
      storage().putInstallations({tokenOf("g0", "consent-1", "user"), tokenOf("g2", "consent-1", "bot")},
                                 {anInstallation()}),
      ErrorKind::Conflict));
  EXPECT_FALSE(hasGrant("g0"));
  EXPECT_FALSE(storage().findInstallation("i1")->has_value());
}

TEST_P(Installations, Put_SameOrganisationAtAnotherProviderEntry_IsAnotherInstallation) {
  put();
  auto other = anInstallation("i2", "org-1", "consent-2");
  other.provider = "example-eu";
  ASSERT_TRUE(succeeds(storage().putInstallations({}, {other})));
  EXPECT_EQ(read("i1").provider + " " + read("i2").provider, "example example-eu");
}

TEST_P(Installations, Put_EightAtOnceOfOneOrganisation_OneIsLeftWithItsOwnTokens) {
  together(8, [&](int i) {
    const auto mark = std::to_string(i);
    const auto stored = storage().putInstallations({tokenOf("g" + mark, "consent-" + mark, "bot")},
                                                   {anInstallation("i" + mark, "org-1", "consent-" + mark)});
    EXPECT_TRUE(succeeds(stored));
  });
  const auto rows = storage().listInstallations({});
  ASSERT_EQ(rows->size(), 1U);
  for (int i = 0; i < 8; ++i) {
    const bool current = rows->front().consentId == "consent-" + std::to_string(i);
    EXPECT_EQ(hasGrant("g" + std::to_string(i)), current) << i;
  }
}

TEST_P(Installations, Update_SeenVersion_WritesWhatMayChange) {
  auto row = put();
  clock.advance(1min);
  row.status = InstallationStatus::Suspended;
  row.orgName = "New name";
  row.permissions = {{"issues", "write"}};
  row.updatedAt = clock.now();
  const auto version = storage().updateInstallation(row, 1);
  ASSERT_TRUE(succeeds(version));
  EXPECT_EQ(*version, 2);
  row.version = 2;
  row.tokenExpiresAt = read("i1").tokenExpiresAt;
  EXPECT_EQ(describe(read("i1")), describe(row));
  EXPECT_TRUE(failsWith(storage().updateInstallation(row, 1), ErrorKind::Conflict));
}

TEST_P(Installations, Update_RevokedOrAbsent_IsConflict) {
  auto row = put();
  ASSERT_TRUE(succeeds(storage().endInstallation(endOf(row, {"i1-bot", "i1-user"}))));
  EXPECT_TRUE(failsWith(storage().updateInstallation(row, 2), ErrorKind::Conflict));
  row.id = "absent";
  EXPECT_TRUE(failsWith(storage().updateInstallation(row, 1), ErrorKind::Conflict));
}

TEST_P(Installations, End_KeepsTheRowDeletesTheTokensAndQueuesTheirRevocation) {
  const auto row = put();
  clock.advance(1min);
  auto end = endOf(row, {"i1-bot", "i1-user"});
  end.uninstalled = aRevocation("uninstall");
  const auto ended = storage().endInstallation(end);
  ASSERT_TRUE(succeeds(ended));
  EXPECT_TRUE(*ended);
  EXPECT_EQ(toString(read("i1").status), std::string("revoked"));
  EXPECT_EQ(read("i1").revokedAt, clock.now());
  EXPECT_EQ(read("i1").tokenExpiresAt, std::nullopt);
  EXPECT_FALSE(hasGrant("i1-bot"));
  EXPECT_FALSE(storage().findLivingInstallation("example", "org-1")->has_value());
  EXPECT_EQ(queued().size(), 3U);
  EXPECT_TRUE(failsWith(storage().endInstallation(end), ErrorKind::Conflict)) << "once";
}

TEST_P(Installations, End_TokensChangedOrNotAllNamed_IsConflictAndNothingChanged) {
  const auto row = put();
  auto end = endOf(row, {"i1-bot"});
  end.uninstalled = aRevocation("uninstall");
  EXPECT_TRUE(failsWith(storage().endInstallation(end), ErrorKind::Conflict)) << "a token is not named";
  ASSERT_TRUE(succeeds(storage().replaceTokens("i1-bot", 1, tokens("2"))));
  EXPECT_TRUE(failsWith(storage().endInstallation(endOf(row, {"i1-bot", "i1-user"})), ErrorKind::Conflict))
      << "a token was renewed meanwhile";
  EXPECT_EQ(toString(read("i1").status), std::string("active"));
  EXPECT_TRUE(hasGrant("i1-user"));
  EXPECT_TRUE(queued().empty());
}

TEST_P(Installations, End_TokensThatAnotherInstallationNeeds_StayUntilTheLast) {
  const auto rows = storage().putInstallations(
      {tokenOf("g1", "consent-1", "")}, {anInstallation("i1", "org-1"), anInstallation("i2", "org-2")});
  const auto first = storage().endInstallation(endOf((*rows)[0], {"g1"}));
  ASSERT_TRUE(succeeds(first));
  EXPECT_FALSE(*first);
  EXPECT_TRUE(hasGrant("g1"));
  EXPECT_TRUE(queued().empty());
  EXPECT_TRUE(*storage().endInstallation(endOf((*rows)[1], {"g1"})));
  EXPECT_FALSE(hasGrant("g1"));
  EXPECT_EQ(queued().size(), 1U);
}

TEST_P(Installations, End_BothOfOneConsentAtOnce_LeaveNoTokenBehind) {
  for (int round = 0; round < 10; ++round) {
    const auto mark = std::to_string(round);
    const auto rows =
        storage().putInstallations({tokenOf("g" + mark, "consent-" + mark, "")},
                                   {anInstallation("a" + mark, "org-a" + mark, "consent-" + mark),
                                    anInstallation("b" + mark, "org-b" + mark, "consent-" + mark)});
    std::atomic<int> last{0};
    together(2, [&](int i) {
      const auto ended = storage().endInstallation(endOf((*rows)[static_cast<std::size_t>(i)], {"g" + mark}));
      EXPECT_TRUE(succeeds(ended));
      if (ended.ok() && *ended) ++last;
    });
    EXPECT_EQ(last, 1);
    EXPECT_FALSE(hasGrant("g" + mark));
  }
}

TEST_P(Installations, Put_AfterTheEnd_IsANewRowBesideTheOldOne) {
  const auto row = put();
  ASSERT_TRUE(succeeds(storage().endInstallation(endOf(row, {"i1-bot", "i1-user"}))));
  put("i2", "org-1", "consent-2");
  EXPECT_EQ(toString(read("i1").status), std::string("revoked"));
  EXPECT_EQ((*storage().findLivingInstallation("example", "org-1"))->id, "i2");
}

TEST_P(Installations, List_FiltersAndPages) {
  put("i1", "org-1", "consent-1");
  put("i2", "org-2", "consent-2");
  clock.advance(1s);
  const auto third = put("i3", "org-3", "consent-3");
  auto other = anInstallation("i4", "org-1", "consent-4");
  other.provider = "other";
  ASSERT_TRUE(succeeds(storage().putInstallations({}, {other})));
  ASSERT_TRUE(succeeds(storage().endInstallation(endOf(third, {"i3-bot", "i3-user"}))));
  const auto filtered = [](auto change) {
    InstallationFilter filter;
    change(filter);
    return filter;
  };
  EXPECT_EQ(page({}), "i3 i4 i1 i2 ") << "newest first, ties by id";
  EXPECT_EQ(page(filtered([](auto& f) { f.provider = "example"; })), "i3 i1 i2 ");
  EXPECT_EQ(page(filtered([](auto& f) { f.orgId = "org-1"; })), "i4 i1 ");
  EXPECT_EQ(page(filtered([](auto& f) { f.installationId = "at-provider-i2"; })), "i2 ");
  EXPECT_EQ(page(filtered([](auto& f) { f.consentId = "consent-1"; })), "i1 ");
  EXPECT_EQ(page(filtered([](auto& f) { f.status = InstallationStatus::Revoked; })), "i3 ");
  EXPECT_EQ(page(filtered([](auto& f) { f.living = true; })), "i4 i1 i2 ");
  InstallationFilter two;
  two.limit = 2;
  EXPECT_EQ(page(two), "i3 i4 ");
  two.after = {read("i4").createdAt, "i4"};
  EXPECT_EQ(page(two), "i1 i2 ");
  two.after = {read("i2").createdAt, "i2"};
  EXPECT_EQ(page(two), "");
}

TEST_P(Installations, GrantsOfSubject_AreThoseOfUsersAndInstallations) {
  stored(aGrant("g1"));
  stored(tokenOf("g2", "consent-1", "bot"));
  auto other = aGrant("g3", "bob@company.com");
  other.subject = "subject-2";
  stored(other);
  auto nobody = aGrant("g4", "carol@company.com");
  nobody.subject.clear();
  stored(nobody);
  const auto grants = storage().listGrantsOfSubject("example", "subject-1");
  ASSERT_EQ(grants->size(), 2U);
  EXPECT_EQ((*grants)[0].id + (*grants)[1].id, "g1g2");
  EXPECT_TRUE(storage().listGrantsOfSubject("example", "")->empty());
  EXPECT_TRUE(storage().listGrantsOfSubject("other", "subject-1")->empty());
}

TEST_P(Installations, DeleteGrant_SeenVersionOnly_AndQueuesNothing) {
  stored(aGrant("g1"));
  EXPECT_TRUE(failsWith(storage().deleteGrant("g1", 2), ErrorKind::Conflict));
  EXPECT_TRUE(succeeds(storage().deleteGrant("g1", 1)));
  EXPECT_FALSE(hasGrant("g1"));
  EXPECT_TRUE(failsWith(storage().deleteGrant("g1", 1), ErrorKind::NotFound));
  EXPECT_TRUE(queued().empty());
}

}  // namespace
}  // namespace agw::test
