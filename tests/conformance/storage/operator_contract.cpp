#include "fixture.hpp"

namespace agw::test {
namespace {

using namespace std::chrono_literals;

class Operators : public StorageContract {
 protected:
  ApiKeyRecord aKey(const std::string& id = "key-1", const std::string& name = "indexer") const {
    ApiKeyRecord key;
    key.id = id;
    key.name = name;
    key.prefix = "agw_ab";
    key.keyHash = "hash-of-" + id;
    key.permissions = {{Operation::Token, Operation::List}, {"example", "*"}, {"*@company.com"}};
    key.createdAt = clock.now();
    key.expiresAt = clock.now() + 24h;
    return key;
  }
  static std::string describeKey(const ApiKeyRecord& key) {
    std::string operations;
    for (const auto operation : key.permissions.operations)
      operations += std::string(toString(operation)) + " ";
    return key.id + " " + key.name + " " + key.prefix + " " + key.keyHash + " " + operations +
           describe(key.permissions.providers) + describe(key.permissions.owners) + " " +
           describe(key.createdAt) + " " + describe(key.expiresAt) + " " + describe(key.revokedAt) + " " +
           describe(key.lastUsedAt);
  }
  ApiKeyRecord readKey(const std::string& hash) {
    const auto found = storage().findApiKey(hash);
    if (!found.ok() || !*found) {
      ADD_FAILURE() << "no key " << hash;
      return {};
    }
    return **found;
  }
};
AGW_FOR_EVERY_STORAGE(Operators);

TEST_P(Operators, Ping_Open_Succeeds) {
  EXPECT_TRUE(succeeds(storage().ping()));
}

TEST_P(Operators, Meta_WrittenTwice_ReadsTheLatest) {
  EXPECT_FALSE(storage().readMeta("key_check")->has_value());
  ASSERT_TRUE(succeeds(storage().writeMeta("key_check", "first")));
  ASSERT_TRUE(succeeds(storage().writeMeta("key_check", "second")));
  EXPECT_EQ(**storage().readMeta("key_check"), "second");
  EXPECT_FALSE(storage().readMeta("other")->has_value());
}

TEST_P(Operators, ApiKey_Created_ReadsBackWithEveryField) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey())));
  EXPECT_EQ(describeKey(readKey("hash-of-key-1")), describeKey(aKey()));
  EXPECT_FALSE(storage().findApiKey("hash-of-another")->has_value());
}

TEST_P(Operators, ApiKey_NameOfALivingKey_IsConflict) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey())));
  EXPECT_TRUE(failsWith(storage().createApiKey(aKey("key-2")), ErrorKind::Conflict));
  ASSERT_TRUE(succeeds(storage().revokeApiKey("indexer", clock.now())));
  EXPECT_TRUE(succeeds(storage().createApiKey(aKey("key-2")))) << "a revoked key's name is free";
}

TEST_P(Operators, ApiKey_IdOrHashTaken_IsConflict) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey())));
  EXPECT_TRUE(failsWith(storage().createApiKey(aKey("key-1", "other")), ErrorKind::Conflict));
  ApiKeyRecord same = aKey("key-2", "other");
  same.keyHash = aKey().keyHash;
  EXPECT_TRUE(failsWith(storage().createApiKey(same), ErrorKind::Conflict));
}

TEST_P(Operators, ApiKeys_List_OldestFirstWithRevokedOnes) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey("z", "first"))));
  clock.advance(1s);
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey("a", "second"))));
  ASSERT_TRUE(succeeds(storage().revokeApiKey("z", clock.now())));
  const auto keys = storage().listApiKeys();
  ASSERT_EQ(keys->size(), 2U);
  EXPECT_EQ((*keys)[0].name, "first");
  EXPECT_EQ((*keys)[0].revokedAt, clock.now());
  EXPECT_EQ((*keys)[1].name, "second");
}

TEST_P(Operators, ApiKey_Revoke_ByIdOrNameOnce) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey("key-1", "one"))));
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey("key-2", "two"))));
  ASSERT_TRUE(succeeds(storage().revokeApiKey("key-1", clock.now())));
  ASSERT_TRUE(succeeds(storage().revokeApiKey("two", clock.now())));
  EXPECT_EQ(readKey("hash-of-key-1").revokedAt, clock.now());
  EXPECT_EQ(readKey("hash-of-key-2").revokedAt, clock.now());
  EXPECT_TRUE(failsWith(storage().revokeApiKey("key-1", clock.now() + 1h), ErrorKind::NotFound));
  EXPECT_TRUE(failsWith(storage().revokeApiKey("absent", clock.now()), ErrorKind::NotFound));
  EXPECT_EQ(readKey("hash-of-key-1").revokedAt, clock.now()) << "the first revocation stands";
}

TEST_P(Operators, ApiKey_Touch_NeverGoesBack) {
  ASSERT_TRUE(succeeds(storage().createApiKey(aKey())));
  ASSERT_TRUE(succeeds(storage().touchApiKey("key-1", clock.now())));
  ASSERT_TRUE(succeeds(storage().touchApiKey("key-1", clock.now() - 1h)));
  EXPECT_EQ(readKey("hash-of-key-1").lastUsedAt, clock.now());
  EXPECT_TRUE(succeeds(storage().touchApiKey("absent", clock.now())));
}

TEST_P(Operators, Audit_NewestFirstInTheOrderWritten) {
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(succeeds(storage().appendAudit({.at = clock.now(),
                                                .event = "event-" + std::to_string(i),
                                                .requestId = "request",
                                                .keyId = "key",
                                                .provider = "example",
                                                .profile = "alice@company.com",
                                                .outcome = "ok",
                                                .note = "a note"})));
  }
  const auto events = storage().listAudit(3);
  ASSERT_EQ(events->size(), 3U);
  EXPECT_EQ((*events)[0].event, "event-4");
  EXPECT_EQ((*events)[2].event, "event-2");
  const AuditEvent& event = events->front();
  EXPECT_EQ(event.at, clock.now());
  EXPECT_EQ(event.requestId + event.keyId + event.provider + event.profile + event.outcome + event.note,
            "requestkeyexamplealice@company.comoka note");
  EXPECT_EQ(storage().listAudit(100)->size(), 5U);
}

TEST_P(Operators, Providers_PutTwice_AreReplacedAndCounted) {
  ProviderRow row{.id = "zeta",
                  .plugin = "oauth2",
                  .clientId = "client",
                  .clientSecret = "sealed",
                  .authorizationUrl = "https://a.example",
                  .tokenUrl = "https://t.example",
                  .scopes = {"one", "two"}};
  ASSERT_TRUE(succeeds(storage().putProvider(row)));
  row.clientId = "client-2";
  ASSERT_TRUE(succeeds(storage().putProvider(row)));
  row.id = "alpha";
  ASSERT_TRUE(succeeds(storage().putProvider(row)));
  const auto rows = storage().listProviders();
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].id, "alpha");
  EXPECT_EQ((*rows)[0].version, 1);
  const ProviderRow& second = (*rows)[1];
  EXPECT_EQ(second.version, 2);
  EXPECT_EQ(second.clientId + second.plugin + second.clientSecret + second.authorizationUrl + second.tokenUrl,
            "client-2oauth2sealedhttps://a.examplehttps://t.example");
  EXPECT_EQ(second.scopes, Scopes({"one", "two"}));
}

class Sealing : public Operators {
 protected:
  void fill() {
    for (const char* id : {"g1", "g2", "g3"}) stored(aGrant(id, std::string(id) + "@company.com"));
    ProviderRow provider;
    provider.id = "example";
    provider.clientSecret = "sealed-secret";
    ASSERT_TRUE(succeeds(storage().putProvider(provider)));
    provider.id = "public";
    provider.clientSecret.clear();
    ASSERT_TRUE(succeeds(storage().putProvider(provider)));
    ASSERT_TRUE(succeeds(storage().queueRevocation(aRevocation("r1"))));
    ASSERT_TRUE(succeeds(storage().createFlow(aFlow("f1", "s1"))));
    InstallFlow install;
    install.id = "i1";
    install.provider = "example";
    install.stateHash = "s3";
    install.codeVerifier = "sealed-verifier";
    install.createdAt = install.expiresAt = clock.now();
    ASSERT_TRUE(succeeds(storage().createInstallFlow(install)));
    Flow done = aFlow("f2", "s2");
    ASSERT_TRUE(succeeds(storage().createFlow(done)));
    done.status = FlowStatus::Completed;
    ASSERT_TRUE(succeeds(storage().advanceFlow(done, FlowStatus::Pending)));
  }
};
AGW_FOR_EVERY_STORAGE(Sealing);

TEST_P(Sealing, Rows_InPagesOfTwo_AreAllThatHoldCiphertextInOrder) {
  fill();
  std::string places;
  std::string table;
  std::string id;
  for (;;) {
    const auto page = storage().sealedRows(table, id, 2);
    ASSERT_TRUE(succeeds(page));
    if (page->empty()) break;
    EXPECT_LE(page->size(), 2U);
    for (const auto& row : *page) places += row.table + "/" + row.id + " ";
    table = page->back().table;
    id = page->back().id;
  }
  EXPECT_EQ(places,
            "oauth_credentials/g1 oauth_credentials/g2 oauth_credentials/g3 oauth_providers/example "
            "oauth_revocations/r1 oauth_sessions/f1 oauth_states/i1 ");
}

TEST_P(Sealing, Rows_NameThePlaceAndTheFilledColumnsOnly) {
  fill();
  const auto rows = storage().sealedRows("", "", 100);
  const SealedRow& grant = rows->front();
  EXPECT_EQ(grant.provider + " " + grant.owner, "example g1@company.com");
  ASSERT_EQ(grant.fields.size(), 3U);
  EXPECT_EQ(grant.fields[0].column + "=" + grant.fields[0].text, "access_token=sealed-access-1");
  EXPECT_EQ(grant.fields[1].column + "=" + grant.fields[1].text, "refresh_token=sealed-refresh-1");
  EXPECT_EQ(grant.fields[2].column + "=" + grant.fields[2].text, "carry=sealed-carry-1");
  const SealedRow& provider = (*rows)[3];
  EXPECT_EQ(provider.provider + "|" + provider.owner, "example|");
  EXPECT_EQ(provider.fields.front().column, "client_secret");
  EXPECT_EQ((*rows)[4].fields.front().column, "tokens");
  const SealedRow& flow = (*rows)[5];
  ASSERT_EQ(flow.fields.size(), 1U) << "an empty column holds no ciphertext";
  EXPECT_EQ(flow.fields[0].column, "code_verifier");
}

// F6
TEST_P(Sealing, Replace_SeenVersion_WritesAndCountsUpEveryTable) {
  fill();
  auto rows = storage().sealedRows("", "", 100);
  for (auto& row : *rows) {
    for (auto& field : row.fields) field.text = "new-" + field.text;
    EXPECT_TRUE(succeeds(storage().replaceSealed(row))) << row.table;
    EXPECT_TRUE(failsWith(storage().replaceSealed(row), ErrorKind::Conflict))
        << row.table << ": seen version is old";
  }
  const auto after = storage().sealedRows("", "", 100);
  ASSERT_EQ(after->size(), rows->size());
  for (std::size_t i = 0; i < after->size(); ++i) {
    EXPECT_EQ((*after)[i].version, (*rows)[i].version + 1) << (*after)[i].table;
    for (const auto& field : (*after)[i].fields)
      EXPECT_TRUE(field.text.starts_with("new-sealed")) << field.column;
  }
  EXPECT_EQ(read("g1").tokens.refreshToken, "new-sealed-refresh-1");
  EXPECT_EQ(read("g1").version, 2);
}

TEST_P(Sealing, Replace_ChangedOrGone_IsConflictAndChangesNothing) {
  const Grant grant = stored();
  SealedRow row = storage().sealedRows("", "", 1)->front();
  row.fields.front().text = "resealed";
  ASSERT_TRUE(succeeds(storage().replaceTokens(grant.id, 1, tokens("2"))));
  EXPECT_TRUE(failsWith(storage().replaceSealed(row), ErrorKind::Conflict));
  EXPECT_EQ(read(grant.id).tokens.accessToken, "sealed-access-2") << "a rotated token is never overwritten";
  row.id = "absent";
  EXPECT_TRUE(failsWith(storage().replaceSealed(row), ErrorKind::Conflict));
  row.table = "no_such_table";
  EXPECT_TRUE(failsWith(storage().replaceSealed(row), ErrorKind::Conflict));
}

}  // namespace
}  // namespace agw::test
